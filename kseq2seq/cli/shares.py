"""A table of shares: what part of the texts of several systems has some property."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kseq2seq.metrics import TextMetric


def report_shares(
    shares: Mapping[str, TextMetric], texts: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Prints shares of texts, none of which is a score, and returns those of the last system.

    Args:
        shares: names and functions (texts, ()) -> percent.
        texts: names of systems -> their texts.

    Returns:
        {name in lower case: percent}.

    Example:
        >>> from kseq2seq.metrics import blank, parsed
        >>> texts = {"one": ["x", ""], "other": ["y", "z"]}
        >>> report_shares({"parsed": parsed, "blank": blank}, texts)
        <BLANKLINE>
        Shares in percent                         parsed     blank
        one                                        50.00     50.00
        other                                     100.00      0.00
        {'parsed': 100.0, 'blank': 0.0}
    """
    widths = [max(10, len(name) + 2) for name in shares]
    widths[0] -= 2
    heads = "".join(f"{name:>{width}}" for name, width in zip(shares, widths, strict=True))
    print(f"\n{'Shares in percent':<40}{heads}")
    found: dict[str, float] = {}
    for system, of in texts.items():
        found = {name.lower(): float(share(of, ())) for name, share in shares.items()}
        cells = zip(found.values(), widths, strict=True)
        print(f"{system:<40}" + "".join(f"{value:>{width}.2f}" for value, width in cells))
    return found
