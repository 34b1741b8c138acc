"""What each architecture learns of four small tasks, and how far it carries beyond their lengths.

    python benchmarks/learning.py [--quick] [--models NAME ...] [--tasks NAME ...]

Tasks: copy, reverse and sort of 1 to 10 digits, and dates as people write them to ISO 8601 ("5 Mar
1988" or "Saturday, March 5, 1988" to "1988-03-05"), letter by letter. All architectures train on
the same examples, for as many steps, at about equal sizes. A cell holds the share of unseen
sequences that are right to the last token, in per cent, and after the slash that of sequences twice
as long (11 to 20 digits), which none has seen; dates have no longer form.
"""

import argparse
import datetime
import time

import kseq2seq as ks

# isort: split
import keras
import numpy as np

DIGITS, LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyz0123456789,- "
FIRST = 4  # ids below are special
END, BATCH = 2, 128
LONGEST, LONGER = 10, 20

# name: (architecture, sizes, learning rate); the multiple of 8 nearest to 100,000 parameters
MODELS = {
    "rnn": ("rnn", {"hidden_dim": 152}, 1e-3),
    "lstm": ("lstm", {"hidden_dim": 80}, 5e-3),
    "gru": ("gru", {"hidden_dim": 64}, 5e-3),
    "bahdanau": ("bahdanau", {"hidden_dim": 48}, 5e-3),
    "luong": ("luong", {"hidden_dim": 64}, 5e-3),
    "convolutional": ("convolutional", {"hidden_dim": 40, "num_layers": 2}, 5e-3),
    "transformer": ("transformer", {"hidden_dim": 56, "num_heads": 4, "num_layers": 1}, 5e-3),
    "transformer, rotary": (
        "transformer",
        {"hidden_dim": 56, "num_heads": 4, "num_layers": 1, "positions": "rotary"},
        5e-3,
    ),
    "decoder_only": ("decoder_only", {"hidden_dim": 64, "num_heads": 4, "num_layers": 2}, 5e-3),
    "hybrid": (
        "hybrid",
        {
            "encoder": {
                "architecture": "transformer",
                "hidden_dim": 56,
                "num_heads": 4,
                "num_layers": 1,
                "dropout": 0.0,
            },
            "decoder": {"architecture": "luong", "hidden_dim": 56, "dropout": 0.0},
        },
        5e-3,
    ),
}


def digits(answer):
    """A task over digits, from how its answer is made of them."""

    def pairs(rng, count, shortest, longest):
        for length in rng.integers(shortest, longest + 1, count):
            given = "".join(rng.choice(list(DIGITS), length))
            yield given, answer(given)

    return pairs


def dates(rng, count, shortest, longest):
    """Dates between 1900 and 2099 in seven styles; their length can't be asked for."""
    styles = [
        "%d %b %Y",
        "%d %B %Y",
        "%A, %B %d, %Y",
        "%b %d %Y",
        "%d-%m-%Y",
        "%a %d %B %Y",
        "%B %d, %Y",
    ]
    first = datetime.date(1900, 1, 1).toordinal()
    days = (datetime.date(2099, 12, 31).toordinal() - first) + 1
    for day in rng.integers(0, days, count):
        date = datetime.date.fromordinal(first + int(day))
        yield date.strftime(styles[rng.integers(len(styles))]).lower(), date.isoformat()


TASKS = {
    "copy": digits(lambda given: given),
    "reverse": digits(lambda given: given[::-1]),
    "sort": digits(lambda given: "".join(sorted(given))),
    "dates": dates,
}


def draw(task: str, seed: int, count: int, shortest: int = 1, longest: int = LONGEST):
    """Returns sources and targets, int32 (count, length) each, closed by the end, then padding."""
    known = LETTERS if task == "dates" else DIGITS
    ids = {letter: FIRST + index for index, letter in enumerate(known)}
    pairs = list(TASKS[task](np.random.default_rng(seed), count, shortest, longest))
    made = []
    for side in zip(*pairs, strict=True):
        width = 24 if task == "dates" else longest + 1
        rows = np.zeros((count, max(width, max(len(text) for text in side) + 1)), "int32")
        for row, text in zip(rows, side, strict=True):
            row[: len(text) + 1] = [*(ids[letter] for letter in text), END]
        made.append(rows)
    return made


def given(source, target=None):
    """The inputs of a model."""
    inputs = {"source": source, "source_mask": source != 0}
    if target is not None:
        inputs["target"] = np.concatenate([np.ones_like(target[:, :1]), target[:, :-1]], axis=1)
    return inputs


def train(name: str, task: str, steps: int) -> keras.Model:
    """Trains an architecture on fresh examples, one pass, with a cosine schedule."""
    architecture, sizes, rate = MODELS[name]
    keras.utils.set_random_seed(0)
    known = FIRST + len(LETTERS if task == "dates" else DIGITS)
    if architecture != "hybrid":
        sizes = {"dropout": 0.0, **sizes}
    model = ks.build_model(architecture, known, known, **sizes)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=rate, warmup_steps=steps // 10
    )
    model.compile(
        keras.optimizers.Adam(schedule, global_clipnorm=1.0),
        ks.TokenCrossEntropy(),
        jit_compile=True,
    )
    source, target = draw(task, 0, steps * BATCH)
    model.fit(given(source, target), target, batch_size=BATCH, shuffle=False, verbose=0)
    return model


def accuracy(model: keras.Model, source, target) -> float:
    """The share of sources whose greedy answer is right to the last token."""
    found = np.array(ks.decode(model, given(source), max_length=target.shape[1]).ids)[:, 0]
    return (found == target).all(axis=1).mean()


def unseen(task: str, steps: int, count: int):
    """Returns `count` examples at most that training had not."""
    seen = {row.tobytes() for row in draw(task, 0, steps * BATCH)[0]}
    source, target = draw(task, 1, 3 * count)
    new = np.array([row.tobytes() not in seen for row in source])
    return source[new][:count], target[new][:count]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the steps")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    options = parser.parse_args()
    steps = options.steps // 10 if options.quick else options.steps
    print(f"{steps} steps of {BATCH} examples, seed 0\n")
    print("| architecture | parameters |" + "".join(f" {task} |" for task in options.tasks))
    print("|---|---|" + "---|" * len(options.tasks))
    reversed_well = {}
    for name in options.models:
        cells = []
        start = time.perf_counter()
        for task in options.tasks:
            model = train(name, task, steps)
            share = accuracy(model, *unseen(task, steps, 1000))
            if task == "reverse":
                reversed_well[name] = share
            score = f"{100 * share:.1f}"
            if task != "dates":
                longer = draw(task, 2, 1000, LONGEST + 1, LONGER)
                score += f" / {100 * accuracy(model, *longer):.1f}"
            cells.append(score)
        count = f"{model.count_params():,}"
        seconds = time.perf_counter() - start
        print(
            f"| {name} | {count} | " + " | ".join(cells) + f" | <!-- {seconds:.0f} s -->",
            flush=True,
        )
    print()
    for name, share in reversed_well.items():
        print(f"ratio learned_reverse_{name.replace(', ', '_')} {share:.3f} goal 0.990")


if __name__ == "__main__":
    main()
