"""One run of `compare.py`: trains one architecture with one seed, saves it and measures it."""

import json
import re
import resource
import statistics
import time
from pathlib import Path

import kseq2seq as ks
from kseq2seq import data, metrics, text, training

# isort: split
import keras
import tensorflow as tf
from kseq2seq.recipes.comparison_data import scores

LENGTHS = (3, 6, 10, 15)  # words of a source: the upper ends of all bins but the last


def run(settings: dict, shared: Path, folder: Path) -> dict:
    """Trains a model on what `shared` holds, saves it in `folder`, returns what was measured."""
    tf.config.threading.set_intra_op_parallelism_threads(settings["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(settings["threads"])
    keras.utils.set_random_seed(settings["seed"])
    prepared = json.loads((shared / "data.json").read_text(encoding="utf-8"))
    source, target = text.TextSource.load(shared), text.TextTarget.load(shared)
    model = ks.build_model(
        settings["architecture"],
        source=source,
        target=target,
        **settings["sizes"],
    )
    pipeline = ks.Pipeline(model, source, target)
    corpora = {
        split: data.Corpus(shared / split / "pairs.tfrecord", prepared["pairs"][split])
        for split in ("train", "test")
    }
    buckets = [(longest[0], longest[1]) for longest in prepared["buckets"]]
    trained = fit(pipeline, corpora["train"], buckets, settings)
    pipeline.save(folder / "pipeline")
    files = (folder / "pipeline").iterdir()
    return {
        "settings": settings,
        "parameters": model.count_params(),
        "pipeline_mb": sum(path.stat().st_size for path in files) / 1e6,
        **trained,
        **evaluate(pipeline, list(corpora["test"]), clock_of(settings)),
        "total_peak_mb": peak_memory(),
    }


def fit(pipeline: ks.Pipeline, corpus: data.Corpus, buckets: list, settings: dict) -> dict:
    model = pipeline.model
    batches = data.train_batches(
        corpus,
        pipeline.source,
        pipeline.target,
        buckets=buckets,
        seed=settings["seed"],
        tokens_per_batch=settings["batch_tokens"],
    )
    accuracy = metrics.TokenAccuracy()
    rate = training.InverseSquareRoot(settings["peak"], warmup_steps=200)
    model.compile(
        keras.optimizers.Adam(  # an average over about 100 steps, since there may be few
            rate, beta_2=0.98, global_clipnorm=1.0, use_ema=True, ema_momentum=0.99
        ),
        training.TokenCrossEntropy(label_smoothing=0.1),
        metrics=[accuracy],
        jit_compile=True,
    )
    compiling = training.compile_ahead(model, batches, len(buckets))  # warms averages, too
    tokens: list[float] = []
    counter = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda *_: tokens.append(float(accuracy.count))
    )
    clock = clock_of(settings)
    callbacks = [counter]
    if not settings["steps"]:
        callbacks.append(training.TimeLimit(settings["minutes"], clock))
    began = clock()
    history = model.fit(
        batches,
        epochs=settings["steps"] // 100 if settings["steps"] else 10**6,
        steps_per_epoch=100,
        shuffle=False,  # the pipeline does
        callbacks=callbacks,
        verbose=2,
    ).history
    seconds = clock() - began
    return {
        "compile_seconds": compiling,
        "train_seconds": seconds,
        "steps": int(model.optimizer.iterations),
        "losses": history["loss"],  # of each hundred steps
        "train_tokens_per_second": sum(tokens) / seconds,
        "train_peak_mb": peak_memory(),
    }


def clock_of(settings: dict):
    """The wall's clock; with one thread the processor's own, which a busy machine does not turn."""
    return time.process_time if settings["threads"] == 1 else time.monotonic


def evaluate(pipeline: ks.Pipeline, pairs: list[data.Pair], clock) -> dict:
    """Scores greedy search and the pipeline's beam, and times greedy search, raw text to text."""
    sources, references = [pair.source for pair in pairs], [pair.target for pair in pairs]
    greedy = pipeline.texts(sources, search=ks.Greedy())  # traces, too
    began = clock()
    tokens = sum(len(made.target_tokens) for made in pipeline(sources, search=ks.Greedy()))
    speed = tokens / (clock() - began)
    alone = []
    for source in sources[:3] + sources[:50]:
        began = clock()
        pipeline(source, search=ks.Greedy())
        alone.append(clock() - began)
    beam = pipeline.texts(sources)
    bins: dict[str, list] = {}
    for low, high in zip((0, *LENGTHS), (*LENGTHS, None), strict=True):
        name = f"{low + 1}-{high}" if high else f"{low + 1}+"
        bins[name] = [
            (made, pair.target)
            for made, pair in zip(beam, pairs, strict=True)
            if low < len(pair.source.split()) <= (high or 10**9)
        ]
    return {
        "greedy": scores(greedy, references),
        "beam": scores(beam, references),
        "by_length": {
            name: {"pairs": len(rows), **scores(*zip(*rows, strict=True))}
            for name, rows in bins.items()
            if rows
        },
        "decode_tokens_per_second": speed,
        "latency_ms": 1000 * statistics.median(alone[3:]),
    }


def peak_memory() -> float:
    """MB of this process alone; on Linux `ru_maxrss` would begin with the peak of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS
