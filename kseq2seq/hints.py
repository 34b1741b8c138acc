"""What to use in place of names that are not in the package but that a Keras user may try."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_GENERATE = "kseq2seq.Pipeline for texts, or kseq2seq.decode for a model and its inputs"
_FIT = "compile and fit of the model itself, or kseq2seq.runs.Run to keep and resume a run"
_SAVE = "the method `save` of the pipeline, or of the model alone"
_LOAD = "kseq2seq.Pipeline.load, or keras.saving.load_model for a model alone"
_EVALUATE = "kseq2seq.Pipeline.evaluate"
_EXPORT = "kseq2seq.Pipeline.export"
_TEXT = "kseq2seq.text.TextSource and kseq2seq.text.TextTarget"
_TOKENIZER = "a tokenizer of kseq2seq.text, for example kseq2seq.text.SentencePieceTokenizer.train"
_DATA = "kseq2seq.data.named_pairs to read pairs, and kseq2seq.data.train_batches to batch them"
_MODEL = "kseq2seq.build_model"
_ARCHITECTURES = (
    "rnn", "lstm", "gru", "bahdanau", "luong", "convolutional", "transformer", "conformer",
    "decoder_only", "masked_lm", "image", "crnn", "hybrid",
)  # fmt: skip

# Names in lower case, without underscores.
_INSTEAD = {
    **dict.fromkeys(("generate", "translate", "predict", "infer"), _GENERATE),
    **dict.fromkeys(("train", "fit", "trainer", "compile", "run", "record"), _FIT),
    **dict.fromkeys(("save", "savemodel"), _SAVE),
    **dict.fromkeys(("load", "loadmodel", "loadpipeline", "frompretrained", "restore"), _LOAD),
    **dict.fromkeys(("evaluate", "score", "bleu"), _EVALUATE),
    **dict.fromkeys(("exportmodel", "savedmodel", "tflite", "onnx", "serve"), _EXPORT),
    **dict.fromkeys(("source", "target", "textsource", "texttarget", "vocabulary"), _TEXT),
    **dict.fromkeys(("tokenizer", "tokenizers", "tokenize"), _TOKENIZER),
    **dict.fromkeys(("dataset", "datasets", "corpus", "loaddata", "dataloader"), _DATA),
    **dict.fromkeys(("model", "encoderdecoder", "create", "createmodel", "build"), _MODEL),
    **{
        name.replace("_", ""): f'{_MODEL}("{name}", ...)'
        for name in _ARCHITECTURES
        if name != "image"  # kseq2seq.image is there
    },
    **dict.fromkeys(("beamsearch", "beamsearchsampler"), "kseq2seq.Beam"),
    **dict.fromkeys(("greedysearch", "argmax"), "kseq2seq.Greedy"),
    **dict.fromkeys(("sampler", "sampling", "topk", "topp"), "kseq2seq.Sample"),
    **dict.fromkeys(("loss", "losses", "crossentropy"), "kseq2seq.TokenCrossEntropy"),
}


def instead(name: str, known: Iterable[str]) -> str:
    """Returns a sentence that says what to use in place of a name.

    Args:
        name: the one that is missing.
        known: the names that exist.

    Example:
        >>> from kseq2seq.hints import instead
        >>> instead("load_model", ["Beam", "build_model"])
        'Use kseq2seq.Pipeline.load, or keras.saving.load_model for a model alone.'
        >>> instead("build_modle", ["Beam", "build_model"])
        "Did you mean 'build_model'?"
        >>> instead("x", ["Beam", "build_model"])
        'It has Beam, build_model.'
    """
    known = list(known)
    use = _INSTEAD.get(name.lower().replace("_", ""))
    if use:
        return f"Use {use}."
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(known)}."
