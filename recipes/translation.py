"""Translation: raw sentence pairs in, one exported translator out.

Data: `sample` (bundled, 12,000 English-French interface texts under BSD and MIT licences; also
`sample:de`, `sample:ko`), `debian:fr` (60,000 sentences of package descriptions, fetched; also
`debian:de`, `debian:it`, ...), or a file of yours: TSV, CSV or JSONL with columns `source` and
`target`, or two parallel text files joined by a comma.

    python recipes/translation.py --steps 1500                     # the bundled sample
    python recipes/translation.py --data debian:fr --minutes 40    # see the README for scores
    python recipes/translation.py --data debian:fr --minutes 40 --packed --bfloat16    # faster
    python recipes/translation.py --data my.tsv --init saved_models/translation/pipeline
    python recipes/translation.py --resume saved_models/translation    # after a kill or Ctrl-C
    python -m kseq2seq.runs saved_models --sort bleu               # compares what you ran

Training ends after `--steps` or `--minutes`, whichever comes first; after 10 minutes where neither
is given. Minutes are those of training: compiling comes before and is counted apart.
"""

import argparse
import errno
import math
import shutil
import sys
from pathlib import Path

import kseq2seq as ks
from kseq2seq import cli, data, metrics, text, training

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
PARTS = {"pipeline": "pipeline.json", "saved_model": "saved_model.pb"}  # of the output
SMOKE = {"minutes": 0.1, "vocabulary": 800, "hidden_dim": 32, "layers": 1}
# The package's words for what the flags here are called.
MESSAGES = cli.Messages(
    {
        "vocabulary_size": "--vocabulary",
        "hidden_dim": "--hidden-dim",
        "num_layers": "--layers",
        "dropout": "--dropout",
        "tokens_per_batch": "--batch-tokens",
        "max_length": "--max-length",
        "Build it with more `max_positions`": "Give a smaller --max-length",
        "`columns`": "--columns",
        "source=0, target=1": "--columns 0 1",
    }
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", default="sample", help="sample[:fr|de|ko], debian:LANG or FILE")
    add("--columns", nargs="+", default=["source", "target"], help="and key; of FILE")
    add("--model", default="transformer", choices=SETTINGS)
    add("--steps", type=cli.whole, help="the most batches to train on; default: no limit")
    add(
        "--minutes",
        type=cli.positive,
        help="the most of training, compiling not counted; default: 10, with --steps no limit",
    )
    add("--output", type=Path, help="default: saved_models/translation[-smoke]")
    add("--init", type=Path, help="a saved pipeline to go on from, its model as it is")
    add("--resume", type=Path, metavar="DIR", help="go on with what was interrupted there")
    add("--vocabulary", type=cli.whole, default=6000, help="pieces of SentencePiece")
    add("--max-length", type=cli.whole, default=96, help="the most tokens of a text")
    add("--hidden-dim", type=cli.whole, default=256)
    add("--layers", type=cli.whole, default=3)
    add("--dropout", type=cli.share, default=0.1)
    add("--batch-tokens", type=cli.whole, default=2048)
    add("--packed", action="store_true", help="several pairs in a row; for Transformers")
    add(
        "--bfloat16",
        action="store_true",
        help="faster where the processor has its products; the saved model computes so, too",
    )
    add(
        "--no-examples",
        action="store_true",
        help="keep no texts with the model; else 16 of validation, for exports to be tried on",
    )
    add("--seed", type=int, default=1)
    add("--smoke", action="store_true", help="a tiny model, seconds")
    options = parser.parse_args()
    if options.smoke:
        parser.set_defaults(**SMOKE)
    if options.resume:
        if options.output:
            parser.error("--resume goes on in the directory of the run; leave --output out")
        with MESSAGES.errors("--resume", status=2):
            parser.set_defaults(**cli.settings_of(options.resume))
    options = parser.parse_args()  # again: what is given counts more than those
    options.output = options.resume or options.output
    if options.output is None:
        options.output = Path("saved_models", "translation" + "-smoke" * options.smoke)
    if options.init and options.bfloat16:
        parser.error("--bfloat16 is for a new model; that of --init stays as it was saved")
    if options.packed and not options.init and options.model not in PACKABLE:
        parser.error(f"--packed is for --model {' or '.join(PACKABLE)}; got {options.model}")
    return options


def start(options: argparse.Namespace, train: data.Corpus) -> ks.Pipeline:
    """Makes a pipeline with a vocabulary of its own, or goes on from a saved one."""
    if options.init:
        with MESSAGES.errors(f"--init {options.init}", "Give the pipeline/ of an earlier run."):
            inside = options.init / "pipeline"
            return ks.Pipeline.load(inside if inside.is_dir() else options.init)
    sizes = f"--vocabulary {options.vocabulary} --hidden-dim {options.hidden_dim}"
    with MESSAGES.errors(f"{sizes} --max-length {options.max_length}"):
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
        sides = (text.TextSource, text.TextTarget)
        return ks.Pipeline(model, *(side(tokenizer, options.max_length) for side in sides))


def batches_of(
    options: argparse.Namespace, pipeline: ks.Pipeline, train: data.Corpus
) -> tuple[keras.Model, tf.data.Dataset, int]:
    """Returns what to fit, on what, and in how many shapes that comes."""
    sides = (pipeline.source, pipeline.target)
    survey = data.survey(train, *sides)
    budget = {"seed": options.seed, "tokens_per_batch": options.batch_tokens}
    if options.packed:
        view, row = training.packed(pipeline.model), data.fit_row(survey)
        batches = data.packed_batches(train, *sides, shape=row, **budget)
        empty = data.padding_share(batches, 20)
        print(f"Training pairs\n{survey}\nin rows of {row[0]} + {row[1]}, {empty:.1%} padding\n")
        return view, batches, 1
    many = survey.kept > 30_000 and not compiles(options, pipeline)
    buckets = data.fit_buckets(survey, 1 if options.smoke else 40 if many else 6)
    print(f"Training pairs\n{data.bucket_table(survey, buckets)}\n")
    batches = data.train_batches(train, *sides, buckets=buckets, **budget)
    return pipeline.model, batches, len(buckets) if compiles(options, pipeline) else 1


def compiles(options: argparse.Namespace, pipeline: ks.Pipeline) -> bool:
    """XLA's products for CPUs are not in bfloat16, TensorFlow's own are. It compiles each shape."""
    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    return not options.smoke and (on_gpu or pipeline.model.dtype_policy.name != "mixed_bfloat16")


def fit(
    options: argparse.Namespace,
    pipeline: ks.Pipeline,
    batches: tuple[keras.Model, tf.data.Dataset, int],
    validation: list[data.Pair],
    corpora: dict[str, data.Corpus],
) -> tuple[training.BetterWeights, int]:
    """Trains; returns what left the better of raw and averaged weights, and steps of warm-up."""
    model, batches, shapes = batches
    # Fine-tuning: lower rate, faster-moving average. Short runs warm up faster.
    warmup = 200 if options.steps else 400
    peak, warmup, momentum = (5e-4, 100, 0.99) if options.init else (2e-3, warmup, 0.998)
    model.compile(
        keras.optimizers.Adam(
            training.InverseSquareRoot(peak, warmup),
            beta_2=0.98,
            global_clipnorm=1.0,
            use_ema=True,
            ema_momentum=momentum,
        ),
        training.TokenCrossEntropy(label_smoothing=0.1),
        metrics=[metrics.TokenAccuracy()],
        jit_compile=compiles(options, pipeline),
    )
    score = training.GenerationScore(
        lambda texts: pipeline.texts(texts, search=ks.Greedy()),
        [pair.source for pair in validation],
        [pair.target for pair in validation],
    )
    better = training.BetterWeights(lambda: score.measure()["chrf"])
    settings = {name: value for name, value in vars(options).items() if name != "resume"}
    record = training.Record(options.output, settings=settings, model=pipeline.model, data=corpora)
    minutes = options.minutes or (math.inf if options.steps else 10)
    limit = training.TimeLimit(minutes)
    progress = training.Progress(options.steps, limit)
    run = training.Run(options.output, every_minutes=min(5, minutes / 4), keep=2)
    with MESSAGES.errors(f"training in {options.output}"), cli.resumable(options.output):
        try:
            run.fit(
                model,
                batches,
                steps=options.steps or 10**9,
                steps_per_epoch=10 if options.smoke else 500,
                callbacks=[score, record, limit, progress, better],
                compile_ahead=shapes,
            )
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            print(f"\n{error}")  # the model is ready all the same
    return better, warmup


def main() -> None:
    options = arguments()
    MESSAGES.show_warnings()
    sys.stdout.reconfigure(line_buffering=True)  # a log is read while it is written
    with MESSAGES.errors(f"--output {options.output}"):
        cli.check_output(options.output, PARTS)
        if not options.resume:
            cli.check_not_begun(options.output)
    keras.utils.set_random_seed(options.seed)
    with MESSAGES.errors(f"--data {options.data}", cli.DATA):
        corpora = data.split_corpora(data.named_pairs(options.data, options.columns))
    pipeline = start(options, corpora["train"])
    with MESSAGES.errors(f"--data {options.data}" + " --packed" * options.packed):
        validation = cli.held_out(pipeline.source, corpora["validation"], "validation", 100)
        test = cli.held_out(pipeline.source, corpora["test"], "test", 32 if options.smoke else None)
        batches = batches_of(options, pipeline, corpora["train"])
    trained = fit(options, pipeline, batches, validation, corpora)
    pipeline.examples = () if options.no_examples else [pair.source for pair in validation]
    with MESSAGES.errors(f"--output {options.output}", f"Then --resume {options.output}."):
        pipeline.save(options.output / "pipeline")
    cli.report_training(options.output, *trained)
    made = pipeline.texts([pair.source for pair in test])
    scores, below = cli.report(test, made, pipeline.search)
    training.add_scores(options.output, scores)
    if below:
        print(
            f"\nWARNING: no better than copying the source by {' and '.join(below)}. This model is "
            "of no use yet: train it longer (--steps, --minutes)."
        )
    with MESSAGES.errors(f"--output {options.output}", f"Then --resume {options.output}."):
        pipeline.export(options.output / "saved_model")
    served = tf.saved_model.load(str(options.output / "saved_model")).signatures["beam"]
    sentence = test[0].source
    made = served(texts=tf.constant([sentence]))["texts"].numpy()[0, 0].decode()
    print(f"\nThe reloaded export, raw text in and out:\n  {sentence}\n  = {made}")
    shutil.rmtree(options.output / "checkpoints", ignore_errors=True)  # all is done
    use = "no use yet, see the warning" if below else "to serve"
    print(f"\nSaved in {options.output}: pipeline/ (to go on from), saved_model/ ({use})")


if __name__ == "__main__":
    main()
