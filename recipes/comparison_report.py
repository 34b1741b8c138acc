"""The tables and the two plots of what `compare.py` found."""

import json
from pathlib import Path
from statistics import mean

from kseq2seq.recipes.comparison_tables import amount, at, bins, cost_table, intro, quality_table
from matplotlib.figure import Figure

# Nine colors dark enough for text that color-blind readers tell apart, most of them from Paul
# Tol's "muted" scheme; the marks say it again.
COLORS = ("#332288", "#CC6677", "#117733", "#000000", "#882255", "#44AA99", "#999933", "#AA4499")
COLORS = (*COLORS, "#C08A00")
MARKS = "osD^vPXph"
ALONE = ("name", "seed", "architecture", "sizes", "peak")  # of one run


def report(folder: Path) -> None:
    """Writes `comparison.md`, `quality_by_length.png` and `quality_by_speed.png` from the runs.

    Raises:
        FileNotFoundError: if there is no result.
        ValueError: if the results were made under different settings.
    """
    paths = sorted(folder.glob("*/result.json"))
    if not paths:
        raise FileNotFoundError(f"{folder} holds no result of a run yet.")
    results = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    common = [{k: v for k, v in each["settings"].items() if k not in ALONE} for each in results]
    for path, settings in zip(paths, common, strict=True):
        if settings != common[0]:
            raise ValueError(
                f"{path} was made under {settings} and {paths[0]} under {common[0]}, which do not "
                "compare. Remove the older one, or give each comparison its own --output."
            )
    runs: dict[str, list[dict]] = {}
    for result in results:
        runs.setdefault(result["settings"]["name"], []).append(result)
    order = sorted(runs, key=lambda name: -mean(run["beam"]["chrf"] for run in runs[name]))
    runs = {name: runs[name] for name in order}
    shared = json.loads((folder / "data" / "data.json").read_text(encoding="utf-8"))
    parts = [intro(runs, shared, common[0]), quality_table(runs, shared), cost_table(runs)]
    text = "\n\n".join(parts) + "\n"
    (folder / "comparison.md").write_text(text, encoding="utf-8")
    styles = {
        name: {"color": COLORS[number % 9], "marker": MARKS[number % 9]}
        for number, name in enumerate(sorted(runs))
    }
    title = f"{common[0]['data']}, {amount(common[0])} of training"
    for plot in (quality_by_length, quality_by_speed):
        figure = plot(runs, styles)
        figure.suptitle(title, x=0.01, horizontalalignment="left", fontsize=11)
        figure.savefig(folder / f"{plot.__name__}.png", dpi=200)
    print(
        f"\n{text}\nSaved in {folder}: comparison.md, quality_by_length.png, quality_by_speed.png"
    )


def quality_by_length(runs: dict, styles: dict) -> Figure:
    """Draws chrF over the words of the source: lines are means over seeds, bands their range."""
    counts = bins(runs)
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = plain(figure.subplots())
    ends = {}
    for name, of in runs.items():
        found = [at(of, length, "chrf") for length in counts]
        middle, least, most = ([of_all(each) for each in found] for of_all in (mean, min, max))
        color = styles[name]["color"]
        axes.fill_between(range(len(counts)), least, most, color=color, alpha=0.18, linewidth=0)
        axes.plot(middle, **styles[name], linewidth=2, markersize=5)
        ends[name] = (len(counts) - 1, middle[-1])
    axes.set_xticks(range(len(counts)), [f"{name}\n{n} pairs" for name, n in counts.items()])
    axes.set_xlabel("words in the source")
    axes.set_ylabel("chrF, beam 4")
    label(axes, ends, {name: name for name in ends}, styles)
    return figure


def quality_by_speed(runs: dict, styles: dict) -> Figure:
    """Draws chrF over the speeds of training and decoding: means over seeds, and their range."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    speeds = {
        "train_tokens_per_second": "training, target tokens/s",
        "decode_tokens_per_second": "greedy decoding in batches of 64, target tokens/s",
    }
    panels = figure.subplots(1, 2, sharey=True)
    panels[0].set_ylabel("chrF, beam 4")
    names = {name: f"{name} {of[0]['parameters'] / 1e6:.1f} M" for name, of in runs.items()}
    for axes, (speed, title) in zip(map(plain, panels), speeds.items(), strict=True):
        places = {}
        for name, of in runs.items():
            x, y = [run[speed] for run in of], [run["beam"]["chrf"] for run in of]
            places[name] = (mean(x), mean(y))
            color = styles[name]["color"]
            axes.plot([min(x), max(x)], [mean(y)] * 2, color=color, linewidth=1)
            axes.plot([mean(x)] * 2, [min(y), max(y)], color=color, linewidth=1)
            axes.plot(*places[name], **styles[name], markersize=8, zorder=4)
        axes.set_xlim(0, 1.5 * max(x for x, _ in places.values()))  # labels need room
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel(title)
        label(axes, places, names, styles)
    return figure


def plain(axes):
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(y=0.08)
    return axes


def label(axes, places: dict, names: dict, styles: dict) -> None:
    """Writes names beside their places (x, y), moved up or down until none covers another."""
    low, high = axes.get_ylim()
    gap = (high - low) / 22
    order = sorted(places, key=lambda name: places[name][1])
    heights = [places[name][1] for name in order]
    for _ in range(200):  # two that are too near move apart, by as much on either side
        for below in range(len(heights) - 1):
            missing = max(0, gap - (heights[below + 1] - heights[below]))
            heights[below] -= missing / 2
            heights[below + 1] += missing / 2
    axes.set_ylim(min(low, heights[0] - gap), max(high, heights[-1] + gap))
    for name, height in zip(order, heights, strict=True):
        axes.annotate(
            names[name],
            places[name],
            (14, height),
            textcoords=("offset points", "data"),
            color=styles[name]["color"],
            fontweight="bold",
            verticalalignment="center",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
            arrowprops={
                "arrowstyle": "-",
                "color": styles[name]["color"],
                "linewidth": 0.7,
                "relpos": (0, 0.5),
            },
        )
