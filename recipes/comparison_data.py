"""What all runs of `compare.py` read, made once: training pairs, test pairs, one vocabulary."""

import argparse
import json
import os
import random
from pathlib import Path

from kseq2seq import cli, data, metrics, text

DATA = "sample[:fr|de|ko], debian:LANG or FILE"
LONGEST = 96  # tokens of a side
# The package's words for what the flags here are called.
MESSAGES = cli.Messages({**cli.WORDS, ", or raise max_length": ""})


def prepare(options: argparse.Namespace) -> None:
    """Splits, tokenizes and writes what every run reads, unless it is there."""
    folder = options.output / "data"
    names = ("data", "columns", "vocabulary", "test", "smoke")
    settings = {name: getattr(options, name) for name in names}
    if read(folder / "data.json").get("settings") == settings:
        return
    (folder / "data.json").unlink(missing_ok=True)  # until all of it is written
    named = argparse.Namespace(data=options.data, columns=options.columns)
    corpora = cli.read_corpora(named, data.named_pairs, MESSAGES, DATA)
    train = corpora["train"]
    texts = (side for pair in train for side in pair[:2])
    with MESSAGES.errors(f"--vocabulary {options.vocabulary}"):
        tokenizer = text.SentencePieceTokenizer.train(texts, options.vocabulary)
    source, target = text.TextSource(tokenizer, LONGEST), text.TextTarget(tokenizer, LONGEST)
    with MESSAGES.errors(f"--data {options.data}"):
        survey = data.survey(train, source, target)
        buckets = data.fit_buckets(survey, count=2 if options.smoke else 6)
        pairs = [*corpora["validation"], *corpora["test"]]  # nothing is chosen by either
        kept = cli.held_out(source, pairs, "test")
    print(f"Training pairs\n{data.bucket_table(survey, buckets)}\n")
    chosen = random.Random(0).sample(kept, min(options.test, len(kept)))
    print(f"Test pairs: {len(chosen)} of {len(pairs)}.\n")
    data.Corpus.write(train, folder / "train")
    data.Corpus.write(chosen, folder / "test")
    source.save(folder)
    target.save(folder)
    copies, references = [pair.source for pair in chosen], [pair.target for pair in chosen]
    write(
        folder / "data.json",
        {
            "settings": settings,
            "buckets": buckets,
            "pairs": {"train": len(train), "kept": survey.kept, "test": len(chosen)},
            "copying": scores(copies, references),
        },
    )


def scores(hypotheses, references) -> dict[str, float]:
    return {
        "bleu": metrics.bleu(hypotheses, references),
        "chrf": metrics.chrf(hypotheses, references),
    }


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(path: Path, record: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    os.replace(part, path)  # whole or not at all
