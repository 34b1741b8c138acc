"""Translation: raw sentence pairs in, one exported translator out.

Data: `sample` (bundled, 12,000 English-French interface texts under BSD and MIT licences; also
`sample:de`, `sample:ko`), `debian:fr` (60,000 sentences of package descriptions, fetched; also
`debian:de`, `debian:it`, ...), or a file of yours: TSV, CSV or JSONL with columns `source` and
`target`, or two parallel text files joined by a comma.

    python recipes/translation.py --minutes 4                      # the bundled sample
    python recipes/translation.py --data debian:fr --minutes 40    # see the README for scores
    python recipes/translation.py --data debian:fr --minutes 40 --packed --bfloat16    # faster
    python recipes/translation.py --data my.tsv --init saved_models/translation/pipeline
    python recipes/translation.py --resume saved_models/translation    # after a kill or Ctrl-C
    python -m kseq2seq.runs saved_models --sort bleu               # compares what you ran
"""

import argparse
import shutil
import sys
import time
from itertools import islice
from pathlib import Path

import kseq2seq as ks
from kseq2seq import data, metrics, runs, text, training

# isort: split
import keras
import tensorflow as tf

# What differs from an architecture's own defaults.
SETTINGS = {
    "rnn": {"reverse_source": True},
    "lstm": {"reverse_source": True},
    "gru": {},
    "bahdanau": {},
    "luong": {},
    "convolutional": {},
    "transformer": {"num_heads": 4, "tie_embeddings": "all"},
    "decoder_only": {"num_heads": 4},
}
PACKABLE = ("transformer", "decoder_only")
CHECKPOINTS = "checkpoints/*-step-*"
SMOKE = {"minutes": 0.2, "vocabulary": 800, "hidden_dim": 32, "layers": 1}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="sample", help="sample[:fr|de|ko], debian:LANG or FILE")
    parser.add_argument(
        "--columns", nargs="+", default=["source", "target"], help="and key; of FILE"
    )
    parser.add_argument("--model", default="transformer", choices=SETTINGS)
    parser.add_argument(
        "--minutes", type=float, default=4, help="training time, compiling included"
    )
    parser.add_argument("--output", type=Path, help="default: saved_models/translation[-smoke]")
    parser.add_argument(
        "--init", type=Path, help="a saved pipeline to go on from, its model as it is"
    )
    parser.add_argument(
        "--resume", type=Path, metavar="DIR", help="go on with what was interrupted there"
    )
    parser.add_argument("--vocabulary", type=int, default=6000, help="pieces of SentencePiece")
    parser.add_argument("--hidden-dim", type=int, default=256)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument(
        "--packed", action="store_true", help="several pairs in a row; for Transformers"
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="faster where the processor has its products; the saved model computes so, too",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="a tiny model, seconds")
    options = parser.parse_args()
    if options.smoke:
        parser.set_defaults(**SMOKE)
    if options.resume:
        if options.output:
            parser.error("--resume goes on in the directory of the run; leave --output out")
        parser.set_defaults(**settings_of(options.resume, parser))
    options = parser.parse_args()  # again: what is given counts more than those
    options.output = options.resume or options.output
    if options.output is None:
        options.output = Path("saved_models", "translation" + "-smoke" * options.smoke)
    if options.init and options.bfloat16:
        parser.error("--bfloat16 is for a new model; that of --init stays as it was saved")
    if options.packed and not options.init and options.model not in PACKABLE:
        parser.error(f"--packed is for --model {' or '.join(PACKABLE)}; got {options.model}")
    return options


def settings_of(output: Path, parser: argparse.ArgumentParser) -> dict:
    """Returns the settings of a run that was interrupted, or refuses."""
    if not any(output.glob(CHECKPOINTS)):
        parser.error(f"--resume: there is no checkpoint in {output} to go on from")
    found, problems = runs.read_runs([output])
    if not found:
        parser.error(f"--resume: {' '.join(problems) or f'there is no run.json in {output}'}")
    record = found[0].record
    settings = dict(record["settings"])
    for went_on in record["resumed"]:
        settings |= went_on.get("settings", {})
    return {name: value for name, value in settings.items() if name != "output"}


def check_not_begun(output: Path) -> None:
    """Refuses to begin where another run was interrupted: its checkpoints would be lost."""
    if any(output.glob(CHECKPOINTS)):
        found, _ = runs.read_runs([output])
        if found and found[0].state == "running":
            sys.exit(f"Another process is training in {output}; name another --output.")
        sys.exit(
            f"{output} holds a run that was interrupted. Go on with it: --resume {output}; name "
            f"another --output; or remove {output / 'checkpoints'}."
        )


def start(options: argparse.Namespace, train: data.Corpus) -> ks.Pipeline:
    """Makes a pipeline with a vocabulary of its own, or goes on from a saved one."""
    if options.init:
        return ks.Pipeline.load(options.init)
    texts = (side for pair in train for side in pair[:2])
    tokenizer = text.SentencePieceTokenizer.train(texts, options.vocabulary)
    model = ks.build_model(
        options.model,
        source=tokenizer,
        target=tokenizer,
        hidden_dim=options.hidden_dim,
        num_layers=options.layers,
        dropout=options.dropout,
        dtype="mixed_bfloat16" if options.bfloat16 else None,
        **SETTINGS[options.model],
    )
    return ks.Pipeline(model, text.TextSource(tokenizer, 96), text.TextTarget(tokenizer, 96))


def batches_of(
    options: argparse.Namespace, pipeline: ks.Pipeline, train: data.Corpus
) -> tuple[keras.Model, tf.data.Dataset]:
    """Returns what to fit, and on what."""
    sides = (pipeline.source, pipeline.target)
    survey = data.survey(train, *sides)
    budget = {"seed": options.seed, "tokens_per_batch": options.batch_tokens}
    if options.packed:
        view, row = training.packed(pipeline.model), data.fit_row(survey)
        batches = data.packed_batches(train, *sides, shape=row, **budget)
        empty = data.padding_share(batches, 20)
        print(f"Training pairs\n{survey}\nin rows of {row[0]} + {row[1]}, {empty:.1%} padding\n")
        return view, batches
    many = survey.kept > 30_000 and not compiles(pipeline)
    buckets = data.fit_buckets(survey, 40 if many else 6)
    print(f"Training pairs\n{data.bucket_table(survey, buckets)}\n")
    return pipeline.model, data.train_batches(train, *sides, buckets=buckets, **budget)


def compiles(pipeline: ks.Pipeline) -> bool:
    """XLA's products for CPUs are not in bfloat16, TensorFlow's own are. It compiles each shape."""
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return on_gpu or pipeline.model.dtype_policy.name != "mixed_bfloat16"


def fit(options: argparse.Namespace, pipeline: ks.Pipeline, corpora: dict) -> None:
    model, batches = batches_of(options, pipeline, corpora["train"])
    # A trained model is not to be shaken, and its average is to follow it to other data soon.
    peak, warmup, momentum = (5e-4, 100, 0.99) if options.init else (2e-3, 400, 0.998)
    rate = training.InverseSquareRoot(peak, warmup)
    model.compile(
        keras.optimizers.Adam(
            rate, beta_2=0.98, global_clipnorm=1.0, use_ema=True, ema_momentum=momentum
        ),
        training.TokenCrossEntropy(label_smoothing=0.1),
        metrics=[metrics.TokenAccuracy()],
        jit_compile=compiles(pipeline),
    )
    score = training.GenerationScore(
        lambda texts: pipeline.texts(texts, search=ks.Greedy()),
        *held_out(pipeline, corpora["validation"], 100),
    )
    settings = {name: value for name, value in vars(options).items() if name != "resume"}
    record = training.Record(options.output, settings=settings, model=pipeline.model, data=corpora)
    steps = 10 if options.smoke else 500
    try:
        training.Run(options.output, every_minutes=min(5, options.minutes / 4), keep=2).fit(
            model,
            batches,
            steps=1000 * steps,
            steps_per_epoch=steps,
            callbacks=[score, record, training.TimeLimit(options.minutes)],
        )
    except (KeyboardInterrupt, SystemExit):
        print(f"\nInterrupted; --resume {options.output} goes on with it.")
        raise


def held_out(pipeline: ks.Pipeline, corpus: data.Corpus, limit: int | None) -> tuple[list, list]:
    """Returns sources and references; pairs whose source is too long are named, not cut."""
    pairs = list(islice(corpus, limit))
    fits = pipeline.source.lengths([pair.source for pair in pairs]) <= pipeline.source.max_length
    kept = [pair for pair, fit in zip(pairs, fits.numpy(), strict=True) if fit]
    if len(kept) < len(pairs):
        print(f"{len(pairs) - len(kept)} of {len(pairs)} held-out sources are too long: left out.")
    return [pair.source for pair in kept], [pair.target for pair in kept]


def evaluate(pipeline: ks.Pipeline, test: data.Corpus, limit: int | None) -> dict[str, float]:
    sources, references = held_out(pipeline, test, limit)
    hypotheses = pipeline.texts(sources)
    print(f"\n{f'Held-out pairs: {len(sources)}':<40}  BLEU    chrF")
    for name, texts in (("copying the source", sources), (f"{pipeline.search}", hypotheses)):
        bleu, chrf = metrics.bleu(texts, references), metrics.chrf(texts, references)
        print(f"{name:<40}{bleu:6.1f}{chrf:8.1f}")
    for index in range(0, len(sources), max(1, len(sources) // 6))[:6]:
        print(f"\n  {sources[index]}\n  = {hypotheses[index]}\n  ~ {references[index]}")
    return {"bleu": bleu, "chrf": chrf}


def main() -> None:
    options = arguments()
    if not options.resume:
        check_not_begun(options.output)
    options.output.mkdir(parents=True, exist_ok=True)  # or fail now, and not after training
    keras.utils.set_random_seed(options.seed)
    corpora = data.split_corpora(data.named_pairs(options.data, options.columns))
    pipeline = start(options, corpora["train"])
    began = time.monotonic()
    fit(options, pipeline, corpora)
    print(f"\nTrained for {(time.monotonic() - began) / 60:.1f} minutes.")
    pipeline.save(options.output / "pipeline")
    scores = evaluate(pipeline, corpora["test"], limit=32 if options.smoke else None)
    training.add_scores(options.output, scores)
    pipeline.export(options.output / "saved_model")
    served = tf.saved_model.load(str(options.output / "saved_model")).signatures["beam"]
    sentence = next(iter(corpora["test"])).source
    made = served(texts=tf.constant([sentence]))["texts"].numpy()[0, 0].decode()
    print(f"\nThe reloaded export, raw text in and out:\n  {sentence}\n  = {made}")
    shutil.rmtree(options.output / "checkpoints")  # all is done
    print(f"\nSaved in {options.output}: pipeline/ (to go on from), saved_model/ (to serve)")


if __name__ == "__main__":
    main()
