"""What `train.py` prints of what it has measured so far."""

from statistics import median, quantiles

OURS = {
    "float32": ("ours", "ours-graph", "ours-packed"),
    "bfloat16": ("ours-bf16", "ours-bf16-packed"),
}
PEERS = {  # ratio: (systems, of which the fastest counts, goal)
    "opennmt": (("opennmt", "opennmt-xla"), 1.5),
    "torch_eager": (("torch",), 2.0),
    "torch_compile": (("torch-compile", "torch-compile-static"), 1.2),
}


def report(record: dict) -> None:
    """Prints tables and ratios."""
    found = {name: speeds(record, name) for name in record["systems"]}
    found = {name: rates for name, rates in found.items() if rates}
    print_speeds(record, found)
    print_losses(record, found)
    print_scores(record)
    print()
    middle = {name: median(rates) for name, rates in found.items()}
    for peer, (systems, goal) in PEERS.items():
        ratio(f"train_{peer}", middle, OURS["float32"], systems, goal)
    ratio("train_bfloat16", middle, OURS["bfloat16"], OURS["float32"], 1.25)
    for minutes in sorted({row["minutes"] for row in record["scores"]}):
        bleu = {row["system"]: row["bleu"] for row in record["scores"] if row["minutes"] == minutes}
        for peer, (systems, _) in PEERS.items():
            ratio(f"train_bleu_{peer}_{minutes:g}", bleu, OURS["float32"], systems, 1.0)


def ratio(name: str, values: dict, ours: tuple, theirs: tuple, goal: float) -> None:
    """Prints the best of ours over the best of theirs, where both have been measured."""
    best, other = (
        max((values.get(one, 0) for one in names), default=0) for names in (ours, theirs)
    )
    if best and other:
        print(f"ratio {name} {best / other:.2f} goal {goal:.2f}")


def speeds(record: dict, name: str) -> list[float]:
    """Returns tokens/s of a system's slices, but for its first quarter of the time: it compiles."""
    slices = [row for row in record["slices"] if row["system"] == name]
    warm = sum(row["seconds"] for row in slices) / 4
    kept, spent = [], 0.0
    for row in slices:
        if spent >= warm and row["steps"] and not row["halted"]:
            kept.append(row["tokens"] / row["seconds"])
        spent += row["seconds"]
    return kept


def print_speeds(record: dict, found: dict) -> None:
    head = ("parameters", "minutes", "steps", "tokens/step", "cores", "tokens/s", "quartiles")
    print(f"\n{'':<21}" + "".join(f"{name:>14}" for name in head))
    for name, rates in found.items():
        rows = [row for row in record["slices"] if row["system"] == name]
        total = {key: sum(row[key] for row in rows) for key in ("seconds", "steps", "tokens")}
        cores = sum(row["processors"] for row in rows) / total["seconds"]
        low, _, high = quantiles(rates) if len(rates) > 1 else rates * 3
        cells = (
            f"{record['systems'][name]['parameters']:,}",
            f"{total['seconds'] / 60:.1f}",
            f"{total['steps']:,}",
            f"{total['tokens'] / total['steps']:,.0f}",
            f"{cores:.2f}",
            f"{median(rates):,.0f}",
            f"{low:,.0f}-{high:,.0f}",
        )
        print(f"{name:<21}" + "".join(f"{cell:>14}" for cell in cells))
    idle = sum(row["idle"] for row in record["slices"])
    print(f"All workers together used {idle:.1f} s of processors while they waited.")


def print_losses(record: dict, found: dict) -> None:
    """Prints each system's own loss of one held-out batch, weights as they are, over time."""
    curves = {}
    for name in found:
        curves[name], spent = [(0.0, record["systems"][name]["loss"])], 0.0
        for row in record["slices"]:
            if row["system"] == name:
                spent += row["seconds"]
                curves[name].append((spent, row["loss"]))
    longest = max((curve[-1][0] for curve in curves.values()), default=0)
    times = [longest * part / 6 for part in range(7)]
    print("\nLoss of one held-out batch after" + "".join(f"{time / 60:>9.1f}" for time in times))
    for name, curve in curves.items():
        cells = ""
        for time in times:
            when, loss = min(curve, key=lambda point, time=time: abs(point[0] - time))
            cells += f"{loss:>9.3f}" if abs(when - time) <= longest / 12 else f"{'':>9}"
        print(f"{name:<32}{cells}")


def print_scores(record: dict) -> None:
    if record["scores"]:
        print(f"\n{record['held_out']} held-out sources, greedy, averaged weights")
        print(f"{'':<21}{'minutes':>9}{'steps':>9}{'BLEU':>9}{'chrF':>9}")
    for row in record["scores"]:
        cells = f"{row['minutes']:>9g}{row['steps']:>9,}{row['bleu']:>9.1f}{row['chrf']:>9.1f}"
        print(f"{row['system']:<21}{cells}")
    last = {row["system"]: row for row in record["scores"]}
    examples = record["examples"] if last else {}
    for place, (source, reference) in examples.items():
        print(f"\n{source}\n{'':<21}= {reference}")
        for name, row in last.items():
            print(f"{name:<21}~ {row['texts'][int(place)][:100]}")
