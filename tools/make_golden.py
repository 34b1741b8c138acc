"""Writes `tests/golden`: what this version saves, and what it answers, for later versions to load.

    python tools/make_golden.py tests/golden
    python tools/make_golden.py tests/golden --again luong    # beside luong.tar.xz: luong-2.tar.xz

Files of users are like these. Run it only to add what a new format or architecture saves: an
archive that is there is never made again, since its worth is the version that made it.
"""

import argparse
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import kseq2seq as ks
from kseq2seq import image, metrics, text, training

# isort: split
import keras
import numpy as np

CORPUS = [
    "Copy the file path.",
    "Open a new window",
    "Restart the kernel?",
    "The tab was closed.",
    "파일을 저장합니다",
    "새 창 열기",
] * 4
TEXTS = ["Open the file", "새 파일을 열기", "close", ""]
TARGET_LENGTH = 8
TRANSFORMER = {"num_heads": 2, "num_layers": 1}
SIZES = {
    "rnn": {},
    "lstm": {"bidirectional": True},
    "gru": {},
    "bahdanau": {},
    "luong": {},
    "convolutional": {"num_layers": 2},
    "transformer": {**TRANSFORMER, "tie_embeddings": "all"},
    "decoder_only": TRANSFORMER,
    "hybrid": {
        "encoder": {"architecture": "transformer", "hidden_dim": 8, **TRANSFORMER},
        "decoder": {"architecture": "luong", "hidden_dim": 8},
    },
    "conformer": {**TRANSFORMER, "kernel_size": 3},
}
SEARCHES = {
    "rnn": ks.Greedy(),
    "lstm": ks.Beam(3, n_best=2),
    "gru": ks.DiverseBeam(4, groups=2),
    "bahdanau": ks.Beam(2, length_penalty=0.0),
    "luong": ks.Beam(4, coverage_penalty=0.2),
    "convolutional": ks.Greedy(),
    "transformer": ks.Beam(3, patience=2.0),
    "decoder_only": ks.Contrastive(),
    "hybrid": ks.Beam(2),
    "conformer": ks.Beam(2),
}


def tokenizers() -> dict[str, text.Tokenizer]:
    """A tokenizer for each architecture; every kind is there."""
    piece = text.SentencePieceTokenizer.train(CORPUS, 300)
    word = text.WordPieceTokenizer.train(CORPUS, 90)
    character = text.CharacterTokenizer.train(CORPUS)
    code = text.SentencePieceTokenizer.train(CORPUS, 300, "bpe", normalization="identity")
    byte = text.ByteTokenizer()
    kinds = [byte, character, code, word, character, character, piece, word, character, byte]
    return dict(zip(SIZES, kinds, strict=True))


def spread(model: keras.Model, seed: int) -> None:
    """Gives weights that tell targets apart."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        value = np.asarray(weight)
        weight.assign(value + random.normal(scale=0.4, size=value.shape).astype("float32"))


def answers(pipeline: ks.Pipeline) -> dict:
    """What a pipeline gives for `TEXTS`: ids, scores, texts."""
    inputs = pipeline.source(TEXTS[:3])
    longest = pipeline.target.max_length
    found = ks.decode(pipeline.model, inputs, pipeline.search, max_length=longest)
    return {
        "source": inputs["source"].numpy().tolist(),
        "ids": found.ids.numpy().tolist(),
        "scores": found.scores.numpy().tolist(),
        "finished": found.finished.numpy().tolist(),
        "texts": pipeline.texts(TEXTS),
    }


@contextmanager
def archived(path: Path) -> Iterator[Path]:
    """Gives a folder whose content ends in an archive: HDF5 files are mostly zeros."""
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)
        with tarfile.open(path, "w:xz") as archive:
            for file in sorted(Path(scratch).iterdir()):
                archive.add(file, file.name)


def write_json(path: Path, record: dict) -> None:
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1), encoding="utf-8")


def make(name: str, tokenizer: text.Tokenizer, seed: int, folder: Path) -> None:
    """Saves a pipeline, its compiled model and its TFLite file, and what they answer."""
    keras.utils.set_random_seed(seed)
    sizes = SIZES[name] if name == "hybrid" else {"hidden_dim": 8, **SIZES[name]}
    model = ks.build_model(name, tokenizer, tokenizer, **sizes)
    spread(model, seed)
    source, target = text.TextSource(tokenizer, 40), text.TextTarget(tokenizer, TARGET_LENGTH)
    pipeline = ks.Pipeline(model, source, target, SEARCHES[name])
    pipeline.save(folder / "pipeline")
    model.compile(
        keras.optimizers.Adam(use_ema=True),
        ks.TokenCrossEntropy(label_smoothing=0.1),
        metrics=[metrics.TokenAccuracy()],
    )
    if name == "lstm":  # one file with all that a trained optimizer has
        inputs = pipeline.source(TEXTS[:1])
        target = np.ones_like(inputs["source"])
        model.train_on_batch({**inputs, "target": target}, target)
        model.optimizer.finalize_variable_values(model.trainable_weights)
        pipeline.save(folder / "pipeline")
    model.save(folder / "model.keras")
    pipeline.export(folder / "model.tflite", examples=TEXTS[:2], report=None)
    write_json(folder / "expected.json", answers(pipeline))


def make_masked_lm(folder: Path) -> None:
    """Saves an encoder that has no decoder, and its logits."""
    keras.utils.set_random_seed(90)
    model = ks.build_model("masked_lm", 30, hidden_dim=8, **TRANSFORMER)
    spread(model, 90)
    model.save(folder / "model.keras")
    source = np.array([[5, 6, 7, 2], [9, 2, 0, 0]], "int32")
    logits = model({"source": source, "source_mask": source != 0})
    write_json(
        folder / "expected.json",
        {"source": source.tolist(), "logits": np.asarray(logits).round(6).tolist()},
    )


def make_head(name: str, folder: Path) -> None:
    """Saves a pipeline whose model has another head than a decoder, and its TFLite file."""
    keras.utils.set_random_seed(91)
    tags = ["verb det noun noun", "verb det adj noun", "verb det noun", "det noun aux verb"]
    symbols = ["<ko>", "\n"]
    pieces = text.SentencePieceTokenizer.train(
        CORPUS, 300, normalization="identity", symbols=symbols
    )
    words = text.WordTokenizer.train(CORPUS)
    if name == "labels":
        source: text.TextSource = text.WordSource(words, 40)
        target, search, head = (
            text.LabelTarget.of(tags),
            ks.Greedy(),
            {"head": "labels", "crf": True},
        )
    else:
        source, search, head = text.TextSource(pieces, 40, too_long="cut"), ks.Beam(3), "ctc"
        target = text.TextTarget(text.CharacterTokenizer.train(CORPUS), TARGET_LENGTH)
    model = ks.build_model("gru", source, target, head=head, hidden_dim=8)
    spread(model, 91)
    pipeline = ks.Pipeline(model, source, target, search)
    pipeline.save(folder / "pipeline")
    model.compile(keras.optimizers.Adam(use_ema=True), training.loss_for(model))
    model.save(folder / "model.keras")
    pipeline.export(folder / "model.tflite", examples=TEXTS[:2], report=None)
    write_json(folder / "expected.json", answers(pipeline))


def make_line(folder: Path) -> None:
    """Saves a reader of text lines, its TFLite file, lines, and what it reads in them."""
    keras.utils.set_random_seed(93)
    source = image.LineSource(16, 64)
    target = text.TextTarget(text.JamoTokenizer.train(CORPUS), 24)
    sizes = {"hidden_dim": 8, "channels": 4, "num_layers": 1}
    model = ks.build_model("crnn", source, target, head="ctc", **sizes)
    spread(model, 93)
    pipeline = ks.Pipeline(model, source, target, ks.Beam(2))
    random = np.random.default_rng(93)
    lines = [random.integers(0, 256, size).astype("uint8") for size in ((16, 64), (32, 40), (9, 3))]
    for number, line in enumerate(lines):
        content, _ = image.reading.encoded(line)
        (folder / f"{number}.png").write_bytes(content)
    pipeline.examples = lines
    pipeline.save(folder / "pipeline")
    model.compile(keras.optimizers.Adam(use_ema=True), training.loss_for(model))
    model.save(folder / "model.keras")
    pipeline.export(folder / "model.tflite", report=None)
    predictions = pipeline(lines)
    write_json(
        folder / "expected.json",
        {
            "texts": [prediction.text for prediction in predictions],
            "scores": [prediction.score for prediction in predictions],
        },
    )


def make_picture(folder: Path) -> None:
    """Saves a captioner of pictures, its TFLite file, pictures, and what it says of them."""
    keras.utils.set_random_seed(92)
    source = image.ImageSource(16, 24, augmentation=image.Augmentation())
    target = text.TextTarget(text.WordTokenizer.train(CORPUS), TARGET_LENGTH)
    encoder = {"architecture": "image", "channels": 4, "hidden_dim": 8, "num_layers": 1}
    decoder = {"architecture": "bahdanau", "hidden_dim": 8}
    model = ks.build_model("hybrid", source, target, encoder=encoder, decoder=decoder)
    spread(model, 92)
    pipeline = ks.Pipeline(model, source, target, ks.Beam(2))
    random = np.random.default_rng(92)
    sizes = [(16, 24, 3), (40, 30, 4), (5, 9, 1)]
    pictures = [random.integers(0, 256, size).astype("uint8") for size in sizes]
    for number, picture in enumerate(pictures):
        content, _ = image.reading.encoded(picture)
        (folder / f"{number}.png").write_bytes(content)
    pipeline.examples = pictures
    pipeline.save(folder / "pipeline")
    model.compile(keras.optimizers.Adam(use_ema=True), ks.TokenCrossEntropy())
    model.save(folder / "model.keras")
    pipeline.export(folder / "model.tflite", report=None)
    inputs = source(source.batch(source.several(pictures)))
    write_json(
        folder / "expected.json",
        {
            "means": np.asarray(inputs["source"]).mean(axis=(1, 2, 3)).round(6).tolist(),
            "texts": pipeline.texts(pictures),
            "scores": [prediction.score for prediction in pipeline(pictures)],
        },
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--again", nargs="*", default=[], choices=SIZES, help="what formats have changed since"
    )
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, tokenizer) in enumerate(tokenizers().items()):
        path = folder / f"{name}.tar.xz"
        if path.exists() and name in options.again:
            path = folder / f"{name}-{1 + len(list(folder.glob(f'{name}*.tar.xz')))}.tar.xz"
        if not path.exists():
            with archived(path) as scratch:
                make(name, tokenizer, seed, scratch)
    for name in ("labels", "ctc"):
        if not (folder / f"{name}.tar.xz").exists():
            with archived(folder / f"{name}.tar.xz") as scratch:
                make_head(name, scratch)
    if not (folder / "image.tar.xz").exists():
        with archived(folder / "image.tar.xz") as scratch:
            make_picture(scratch)
    if not (folder / "masked_lm.tar.xz").exists():
        with archived(folder / "masked_lm.tar.xz") as scratch:
            make_masked_lm(scratch)
    if not (folder / "crnn.tar.xz").exists():
        with archived(folder / "crnn.tar.xz") as scratch:
            make_line(scratch)


if __name__ == "__main__":
    main()
