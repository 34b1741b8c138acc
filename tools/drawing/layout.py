"""The layout of a whole drawing: columns side by side, and the text around them."""

from __future__ import annotations

from dataclasses import dataclass, field

from drawing.bypass import bypass
from drawing.geometry import Area, Box, Wire, Words
from drawing.gutter import Gutter
from drawing.outline import Column, Outline
from drawing.stack import MARGIN, WIDTH, Stack, stack

PAD = 0.16  # around panels, and in them
HEAD, ROOM = 0.5, 0.34  # in a panel: for its name; above its blocks
FOOT, KEY = 0.7, 0.25  # below the panels; more, where links are explained
LETTER = 0.145  # of the title
_MEANS = {"start": "initial state", "feedback": "to the next step"}


@dataclass
class Layout:
    """A drawing.

    Attributes:
        width: of all.
        height: of all.
        stacks: the columns.
        boxes: between the columns.
        wires: from column to column, and what explains them.
        words: around the columns.
    """

    width: float = 0.0
    height: float = 0.0
    stacks: list[Stack] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def layout(outline: Outline) -> Layout:
    """Lays an outline out: inputs at the bottom, logits at the top."""
    page = Layout()
    several = len(outline.columns) > 1
    foot = FOOT + (KEY if any(link.kind in _MEANS for link in outline.links) else 0)
    x = PAD
    for column in outline.columns:
        laid = stack(column, outline.links, -1 if several and not page.stacks else 1)
        bypass(laid, outline.links)
        gutter = Gutter(page.stacks, laid, outline.links, x)
        x += gutter.width if page.stacks else 0
        inner, outer = WIDTH / 2 + MARGIN + PAD, laid.reach + PAD
        before, after = (outer, inner) if laid.outer < 0 else (inner, outer)
        laid.move(x + before, foot)
        top = laid.top + ROOM + (HEAD if several else 0)
        laid.panel = Area(x, foot, x + before + after, top)
        gutter.cross()
        page.boxes.extend(gutter.boxes.values())
        page.wires.extend(gutter.wires)
        page.stacks.append(laid)
        x = laid.panel.right
        _name(laid, several)
        _read(laid)
    page.width = max(x + PAD, 3.2)
    _give(page, outline)
    _title(page, outline)
    _explain(page, {link.kind for link in outline.links})
    return page


def count(params: int) -> str:
    """Returns a number of weights in a few characters.

    Example:
        >>> from drawing.layout import count
        >>> count(640), count(1736), count(205_600), count(7_771_136)
        ('640', '1.7 k', '206 k', '7.8 M')
    """
    if params < 1000:
        return str(params)
    if params < 999_500:
        return f"{params / 1e3:.{0 if params >= 9_950 else 1}f} k"
    return f"{params / 1e6:.1f} M"


def _name(laid: Stack, several: bool) -> None:
    """Writes a column's name and number of weights into its panel; not if it stands alone."""
    if not several:
        return
    panel, left = laid.panel, laid.outer < 0
    x, align = (panel.left + 0.14, "left") if left else (panel.right - 0.14, "right")
    laid.words.append(Words(laid.column.title, x, panel.top - 0.19, align, "head"))
    for i, words in enumerate(_totals(laid.column)):
        laid.words.append(Words(words, x, panel.top - 0.37 - 0.15 * i, align))


def _totals(column: Column) -> list[str]:
    groups = (*column.groups, *column.aside)
    whole = sum(
        group.times * block.size
        for group in groups
        for block in group.blocks
        if block.params or block.kind != "output"  # a tied output layer is the embedding again
    )
    own = [count(column.params)] if column.params else []
    shared = whole - column.params
    return [*own, f"{'+ ' if own else ''}{count(shared)} shared"] if shared else own


def _read(laid: Stack) -> None:
    """Draws the input of a column."""
    source, foot = laid.column.source, laid.panel.bottom
    if source is None:
        return
    first = next(iter(laid.boxes.values()))
    shape = laid.column.shape
    tokens = " tokens" if len(shape) == 1 else ""
    name = f"{source.capitalize()}{tokens}" + (", shifted right" if source == "target" else "")
    sizes = ["B", *(laid.letter if size is None else str(size) for size in shape)]
    laid.wires.append(Wire([(first.x, foot - 0.2), (first.x, first.bottom)]))
    laid.words.append(Words(name, first.x, foot - 0.33, style="head"))
    laid.words.append(Words(f"({', '.join(sizes)})", first.x, foot - 0.5))


def _give(page: Layout, outline: Outline) -> None:
    """Draws the output of the model."""
    laid = next(laid for laid in page.stacks if outline.output in laid.boxes)
    box, top = laid.boxes[outline.output], laid.panel.top
    laid.wires.append(Wire([(box.x, box.top), (box.x, top + 0.17)]))
    laid.words.append(Words("Logits", box.x, top + 0.45, style="head"))
    laid.words.append(Words(f"(B, {laid.letter}, {box.block.width})", box.x, top + 0.28))


def _title(page: Layout, outline: Outline) -> None:
    """Writes the title, beside the logits where it can."""
    tops = [laid.panel.top for laid in page.stacks]
    end = PAD + LETTER * max(len(outline.title), 14)
    beside = end < page.stacks[-1].panel.left + WIDTH / 2
    page.height = max(tops[-1] + (0.65 if beside else 1.2), *(top + 0.7 for top in tops))
    total = f"{outline.params:,} parameters"
    page.words.append(Words(outline.title, PAD, page.height - 0.27, "left", "title"))
    page.words.append(Words(total, PAD, page.height - 0.5, "left"))


def _explain(page: Layout, kinds: set[str]) -> None:
    """Writes a legend for the links that carry states."""
    said = [(kind, words) for kind, words in _MEANS.items() if kind in kinds]
    x = page.width / 2 - len(said) * 0.65
    for kind, words in said:
        page.wires.append(Wire([(x, 0.2), (x + 0.3, 0.2)], kind))
        page.words.append(Words(words, x + 0.37, 0.2, "left"))
        x += 1.3
