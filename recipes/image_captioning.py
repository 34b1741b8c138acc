"""Image captioning: a picture in, a sentence about it out.

Data: `scenes` (24,000 drawings of two of 1,384 emoji, "red apple left of cat"; fetched: Noto Color
Emoji, OFL, and names by emojibase, MIT), `stamps` (785 captioned pictures of Tux Paint; fetched,
GPL-2; also in French), `sample` (scenes of 300 bundled emoji), or a manifest of yours: TSV, CSV or
JSONL with columns `path` (from the manifest's own directory) and `caption`. Captions are in English
or, with `--language ko`, in Korean.

    python recipes/image_captioning.py --data scenes --minutes 30
    python recipes/image_captioning.py --data scenes --language ko --minutes 30 --tflite int8
    python recipes/image_captioning.py --data my.tsv --model bahdanau --tokenizer sentencepiece
    python recipes/image_captioning.py --backbone MobileNetV3Small --stride 16 --weights my.h5
    python -m kseq2seq_runtime saved_models/image_captioning/model.tflite photo.png

Scenes are split by pairs of emoji: no two emoji that are tested together were trained on together,
though each was with others. Exact is the share of captions that are right as a whole, parts that of
the emoji named, relation that of captions that say how they lie. Nothing is cropped: pictures are
resized as a whole, with white at their sides. The model shows where it looked: attention.png.
"""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from importlib.util import find_spec

import kseq2seq as ks
from kseq2seq import baselines, cli, corpora, data, image, metrics, models, plot, text

MODELS = {
    "transformer": {"num_heads": 4, "tie_embeddings": "target"},
    "bahdanau": {},  # Show, Attend and Tell
    "luong": {},
}
OF_SCENES = {
    "BLEU": metrics.bleu,
    "parts": metrics.scene_parts,
    "relation": metrics.scene_relation,
    "exact": metrics.exact_match,
}
OF_OTHERS = {"exact": metrics.exact_match, "chrF": metrics.chrf, "BLEU": metrics.bleu}
DEFAULTS = {"columns": ["path", "caption"], "tokenizer": "words", "max_length": 24}
DEFAULTS |= {"layers": 2, "hidden_dim": 192, "batch_tokens": 4608, "graph": True}
SMOKE = {"steps": 300, "minutes": None, "hidden_dim": 64, "size": 48, "channels": 16}
SMOKE |= {"batch_tokens": 1152, "learning_rate": 3e-3, "dropout": 0.0}


def read(name: str, columns: list[str], language: str, smoke: bool) -> Iterable[data.Example]:
    """Returns examples whose sources are arrays or paths."""
    if name == "stamps":
        return corpora.stamps(language)
    if name == "sample":
        few = corpora.emoji_sample()[:: 15 if smoke else 1]
        return corpora.scenes(few, language, 600 if smoke else 4000)
    if name == "scenes":
        return corpora.scenes(corpora.noto_emoji(), language)
    return corpora.pictures(name, columns)


def captioner(recipe: cli.Recipe, train: data.Corpus, source: image.ImageSource) -> ks.Pipeline:
    """Cells of the picture are what the decoder looks at, one word after the other."""
    options = recipe.options
    tokenizer = cli.make_tokenizer(options, (pair.target for pair in train))
    sizes = recipe.sizes()
    dtype = sizes.pop("dtype")
    encoder = models.Image(
        hidden_dim=options.hidden_dim,
        stride=options.stride,
        channels=options.channels,
        dropout=options.dropout,
        backbone=options.backbone,
        weights=options.weights,
    )
    decoder = {"architecture": options.model, **sizes}
    target = text.TextTarget(tokenizer, options.max_length)
    model = ks.build_model("hybrid", source, target, encoder=encoder, decoder=decoder, dtype=dtype)
    return ks.Pipeline(model, source, target, ks.Greedy())


def main() -> None:
    recipe = cli.Recipe(
        "image_captioning",
        __doc__,
        data="scenes, stamps, sample or FILE",
        models=MODELS,
        metrics=OF_SCENES,
        decisive=["exact"],
        defaults=DEFAULTS,
        smoke=SMOKE,
        without=("packed", "too_long"),
        validated=200,
        kinds=(image.ImageSource, text.TextTarget),
    )
    add, own = recipe.flags.add, {"of_model": True}
    add("data", "--language", choices=["en", "fr", "ko"], default="en", help="what captions are in")
    add("data", "--size", type=cli.whole, default=96, help="pixels of a side of a picture", **own)
    add("data", "--flip", action="store_true", help="mirror pictures in training, too", **own)
    strides = {"type": int, "choices": (4, 8, 16, 32), "default": 8, **own}
    add("model", "--stride", **strides, help="pixels between the cells of the grid")
    add("model", "--channels", type=cli.whole, default=32, help="of the first layer", **own)
    add("model", "--backbone", help="one of keras.applications, in place of a small one", **own)
    add("model", "--weights", help="a file of pretrained weights for --backbone", **own)
    options = recipe.begin()
    if "language" in recipe.flags.given and options.data not in ("scenes", "stamps", "sample"):
        recipe.flags.refuse("--language is that of known captions; those of a file are as they are")
    if options.flip and options.data in ("scenes", "sample"):
        recipe.flags.refuse("--flip would make what is left of something lie right of it")
    if options.data not in ("scenes", "sample"):
        recipe.metrics, recipe.decisive = OF_OTHERS, None
    varied = image.Augmentation(flip=options.flip)
    source = image.ImageSource(options.size, augmentation=varied)
    reading = partial(read, language=options.language, smoke=options.smoke)
    corpus = recipe.corpora(reading, source)
    pipeline = recipe.pipeline(partial(captioner, source=source), corpus["train"])
    validation, test = recipe.held_out(pipeline, corpus)

    recipe.fit(pipeline, corpus, validation, peak=1e-3)

    pictures = [pair.source for pair in test]
    usual = Counter(pair.target for pair in corpus["train"]).most_common(1)[0][0]
    nearest = baselines.nearest_pictures(source, corpus["train"], pictures)
    without = {"always one caption": [usual] * len(test), "the nearest picture's": nearest}
    caption = recipe.export(pipeline)  # written, loaded again, given a raw picture
    phone = {}
    if options.tflite:
        import kseq2seq_runtime  # which --tflite needs

        mobile = kseq2seq_runtime.Pipeline(options.output / "model.tflite")
        phone[f"model.tflite, {options.tflite}"] = mobile.texts(pictures)
    recipe.evaluate(pipeline, test, without, ceilings=phone)
    looked = pipeline(pictures[0], alignments=True)[0]
    if looked.target_tokens and find_spec("matplotlib"):
        pixels, file = pipeline.source.pixels(pictures[0]).numpy(), options.output / "attention.png"
        plot.attention(pixels, looked.target_tokens, looked.alignment, file)
    recipe.finish(pictures[0], caption(pictures[0]))


if __name__ == "__main__":
    main()
