"""The tables of what `compare.py` found."""

from statistics import mean

METRICS = ("bleu", "chrf")


def amount(settings: dict) -> str:
    """How long each trained."""
    steps = settings.get("steps")
    return f"{steps:,} steps" if steps else f"{settings['minutes']:g} minutes"


def intro(runs: dict, shared: dict, settings: dict) -> str:
    seeds = max(len(of) for of in runs.values())
    return (
        f"`{settings['data']}`: {shared['pairs']['kept']:,} training and "
        f"{shared['pairs']['test']:,} test pairs, one vocabulary of {settings['vocabulary']:,}; "
        f"{amount(settings)} of training after compiling, in batches of "
        f"{settings['batch_tokens']:,} tokens, dropout {settings['dropout']:g}; mean (least to "
        f"most) of {seeds} seed{'s' * (seeds > 1)}. TensorFlow's threads: "
        f"{settings['threads'] or 'its own choice'}; runs at a time: {settings['parallel']}; times "
        f"are of {'the processor' if settings['threads'] == 1 else 'the clock'}."
    )


def quality_table(runs: dict, shared: dict) -> str:
    counts = bins(runs)
    head = ["", "BLEU, beam 4", "chrF, beam 4", "BLEU / chrF, greedy"]
    head += [f"{name} words ({count})" for name, count in counts.items()]
    rows = []
    for name, of in runs.items():
        greedy = [f"{mean(run['greedy'][metric] for run in of):.1f}" for metric in METRICS]
        by_length = [
            " / ".join(f"{mean(at(of, length, metric)):.1f}" for metric in METRICS)
            for length in counts
        ]
        beam = [span([run["beam"][metric] for run in of]) for metric in METRICS]
        rows.append([name, *beam, " / ".join(greedy), *by_length])
    copying = [f"{shared['copying'][metric]:.1f}" for metric in METRICS]
    rows.append(["copying the source", *copying, *[""] * (len(head) - 3)])
    title = "Quality; by the words of the source (pairs): BLEU / chrF, beam 4"
    return f"{title}:\n\n{markdown(head, rows)}"


def cost_table(runs: dict) -> str:
    columns = {
        "steps": "steps",
        "training, tokens/s": "train_tokens_per_second",
        "compiling, s": "compile_seconds",
        "decoding, tokens/s": "decode_tokens_per_second",
        "one sentence, ms": "latency_ms",
        "peak memory in training, MB": "train_peak_mb",
        "peak memory in all, MB": "total_peak_mb",
    }
    rows = [
        [
            name,
            f"{of[0]['parameters'] / 1e6:.2f} M",
            f"{of[0]['pipeline_mb']:.1f}",
            *(f"{mean(run[column] for run in of):,.0f}" for column in columns.values()),
        ]
        for name, of in runs.items()
    ]
    return (
        "Cost; tokens are those of the target without padding. Decoding is greedy, from raw text "
        "to raw text: in batches of 64, and alone (median):\n\n"
        + markdown(["", "parameters", "saved, MB", *columns], rows)
    )


def span(values: list[float]) -> str:
    middle = f"{mean(values):.1f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.1f} to {max(values):.1f})"


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bins(runs: dict) -> dict[str, int]:
    """The bins of source length and how many test pairs each has, the same in every run."""
    found = next(iter(runs.values()))[0]["by_length"]
    return {name: scores["pairs"] for name, scores in found.items()}


def at(of: list[dict], length: str, metric: str) -> list[float]:
    return [run["by_length"][length][metric] for run in of]
