"""Text recognition: a picture of a line of text in, the text out.

Data: `sample` (bundled English texts, set in the font that comes with Pillow), `latin` (fetched:
descriptions of Debian packages in English, French and German, set in 39 families of Debian's
fonts), `korean` (the same in Korean, in 29 families), or your own pictures: a TSV, CSV or JSONL
file with columns `path`, beside the file or absolute, and `text`.

    python recipes/text_recognition.py --steps 1500                  # the bundled sample
    python recipes/text_recognition.py --data latin --minutes 40 --interval
    python recipes/text_recognition.py --data korean --minutes 40 --interval
    python recipes/text_recognition.py --data latin --minutes 40 --head decoder
    python recipes/text_recognition.py --data receipts.tsv --init saved_models/text_recognition
    python -m kseq2seq_runtime saved_models/text_recognition/model.tflite line.png

Test lines are of wordings and, but for `sample`, of families of fonts that are not in training. CER
is the share of wrong characters; of Hangul, of syllables. Letters of Hangul are read one by one and
then composed (`--tokenizer jamo`), so that a syllable that was never seen can be read.
"""

from collections.abc import Iterable
from functools import partial

import kseq2seq as ks
from kseq2seq import baselines, cli, corpora, data, heads, image, metrics, text
from kseq2seq.models import Crnn

METRICS = {"exact": metrics.exact_match, "CER": metrics.character_error_rate}
HEADS = {"ctc": "ctc", "decoder": "decoder", "joint": {"head": "joint", "weight": 0.3}}
DEFAULTS = {
    "columns": ["path", "text"],
    "tokenizer": "jamo",
    "vocabulary": 500,
    "max_length": 96,
    "hidden_dim": 192,
    "layers": 1,
    "batch_tokens": 8192,
}
SMOKE = {
    "steps": 320,
    "minutes": None,
    "lines": 1000,
    "height": 24,
    "hidden_dim": 64,
    "channels": 12,
    "dropout": 0.0,
    "batch_tokens": 3072,
    "learning_rate": 6e-3,
}


def flags(recipe: cli.Recipe) -> None:
    """Adds the flags of the task."""
    add = recipe.flags.add
    add("data", "--lines", type=cli.whole, help="how many are drawn; 24,000, or 3,000 of `sample`")
    own = partial(add, of_model=True)
    own("data", "--height", type=cli.whole, default=32, help="pixels that lines are scaled to")
    own("data", "--width", type=cli.whole, default=1024, help="pixels of the longest line")
    own("model", "--head", choices=list(HEADS), default="ctc", help="what writes the text")
    decoders = ("luong", "bahdanau", "transformer")
    own("model", "--decoder", choices=decoders, default="luong", help="of another head than ctc")
    own("model", "--channels", type=cli.whole, default=32, help="of the first convolutions")
    own("model", "--stride", type=int, choices=(1, 2, 4, 8), default=4, help="pixels to a position")


def read(recipe: cli.Recipe, name: str, columns: list[str]) -> Iterable[data.Example]:
    """Returns lines that are drawn, or those of a file, whose wordings stay in one split each."""
    count = {"count": recipe.options.lines} if recipe.options.lines else {}
    if name == "sample":
        return corpora.sample_lines(**count)
    if name in ("latin", "korean"):
        return corpora.text_lines(name, **count)
    lines = corpora.pictures(name, columns)
    return lines if len(columns) > 2 else (data.keyed(line, line.target) for line in lines)


def reader(source: image.LineSource, recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """Convolutions over columns, a bidirectional LSTM, and what writes the text."""
    options, sizes = recipe.options, recipe.sizes()
    tokenizer = cli.make_tokenizer(options, (line.target for line in train))
    target = text.TextTarget(tokenizer, options.max_length)
    dtype = sizes.pop("dtype")
    encoder = Crnn(channels=options.channels, stride=options.stride, **sizes)
    name, sizes = "crnn", encoder.config()
    if options.head != "ctc":
        writer = {"architecture": options.decoder, "hidden_dim": options.hidden_dim}
        name, sizes = "hybrid", {"encoder": encoder, "decoder": writer}
    head = HEADS[options.head]
    model = ks.build_model(name, source, target, head=head, dtype=dtype, **sizes)
    return ks.Pipeline(model, source, target, ks.Greedy())


def main() -> None:
    recipe = cli.Recipe(
        "text_recognition",
        __doc__,
        data="sample, latin, korean or FILE",
        models={"crnn": {}},
        metrics=METRICS,
        decisive=["CER"],
        defaults=DEFAULTS,
        smoke=SMOKE,
        without=["packed"],
        too_long=("error", "cut"),
        validated=300,
        kinds=(image.LineSource, text.TextTarget),
        longest="--width or --max-length",
    )
    flags(recipe)
    options = recipe.begin()
    if "lines" in recipe.flags.given and options.data not in ("sample", "latin", "korean"):
        recipe.flags.refuse("--lines says how many are drawn; of a file all are read")
    options.graph = True  # recurrence over so many lengths is slower by XLA, on CPUs
    source = image.LineSource(options.height, options.width)
    lines = recipe.corpora(lambda name, columns: read(recipe, name, columns), source)
    pipeline = recipe.pipeline(lambda *given: reader(source, *given), lines["train"])
    validation, test = recipe.held_out(pipeline, lines)
    smoothing = 0.0 if type(pipeline.model.head) is heads.Ctc else 0.1
    recipe.fit(pipeline, lines, validation, label_smoothing=smoothing)

    sources = [line.source for line in test]
    small = image.ImageSource(16, 160, channels=1)
    nearest = {"the nearest picture": baselines.nearest_pictures(small, lines["train"], sources)}
    recipe.evaluate(pipeline, test, {"no text": [""] * len(test), **nearest})

    recognize = recipe.export(pipeline)  # written, loaded again, given a raw picture
    recipe.finish(sources[0], recognize(sources[0]))


if __name__ == "__main__":
    main()
