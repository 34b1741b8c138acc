"""The tokenizer that a pretrained text backbone was trained with, from KerasHub."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Self

import tensorflow as tf

from kseq2seq.disk.files import read_checked, read_field, sha256, write_checked
from kseq2seq.special_tokens import SpecialTokens
from kseq2seq.text.sentencepiece import FILE as MODEL_FILE
from kseq2seq.text.sentencepiece import lasting_model
from kseq2seq.text.tokenizer import REPLACEMENT, Tokenizer, register_tokenizer

# The families of KerasHub's tokenizers, and what is saved of each beside its vocabulary.
_SETTINGS: dict[str, dict[str, type]] = {
    "WordPieceTokenizer": {
        "lowercase": bool,
        "strip_accents": bool,
        "split": bool,
        "split_on_cjk": bool,
        "suffix_indicator": str,
        "oov_token": str,
    },
    "BytePairTokenizer": {"add_prefix_space": bool, "unsplittable_tokens": list},
    "SentencePieceTokenizer": {},
}
_UNUSED = ("sequence_length", "add_bos", "add_eos", "special_tokens_in_strings")


@register_tokenizer("keras_hub")
class BackboneTokenizer(Tokenizer):
    """Gives a source the ids that a backbone of KerasHub was trained on.

    `special` holds the backbone's own ids. Unlike other tokenizers this one puts `special.start`,
    BERT's [CLS] or RoBERTa's <s>, before each text that has a token; `TextSource` closes the text
    with `special.end`, [SEP] or </s>. It is for sources only: a target would have to predict a
    second start.

    Text is read back as KerasHub does it: WordPiece leaves a space around punctuation marks, the
    others keep the text up to their normalization. The unknown token reads back as U+FFFD. In a
    byte-pair vocabulary some texts spell special tokens ("</s>"), and the Devanagari digit "६" is
    lost, since KerasHub uses it as a mark inside texts.

    Args:
        tokenizer: one of `keras_hub.tokenizers` that is made for encoders: `BertTokenizer`,
            `RobertaTokenizer`, `DistilBertTokenizer`, `ElectraTokenizer`, `AlbertTokenizer`,
            `DebertaV3Tokenizer`, `XLMRobertaTokenizer` and the like.

    Raises:
        ValueError: `tokenizer` is not KerasHub's own, or of none of its three families; or it has
            no padding, start, end and unknown token, each with an id of its own; or it is set up to
            cut or fill texts, to add tokens, or to give something else than int32 ids.

    Example:
        >>> import keras_hub
        >>> from kseq2seq.text import BackboneTokenizer, TextSource
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "qu", "##ick", "fox"]
        >>> tokenizer = BackboneTokenizer(keras_hub.tokenizers.BertTokenizer(words))
        >>> tokenizer.special
        SpecialTokens(padding=0, start=2, end=3, unknown=1)
        >>> TextSource(tokenizer, max_length=64).tokens(["the quick fox"]).to_list()
        [[2, 5, 6, 7, 8, 3]]
    """

    def __init__(self, tokenizer: Any) -> None:
        super().__init__()
        self._hub = hub = tokenizer
        kind, self._family = _family_of(type(hub).__name__)
        if type(hub) is not kind:
            raise ValueError(
                "`tokenizer` must be of one of KerasHub's own classes, by which it is loaded "
                f"again; got {type(hub).__name__} of {type(hub).__module__}."
            )
        self.special = _special(hub)
        set_up = [name for name in _UNUSED if getattr(hub, name, None)]
        if set_up or hub.compute_dtype != "int32":
            raise ValueError(
                "`tokenizer` must return the int32 ids of each text and nothing else; this "
                f"{type(hub).__name__} has {', '.join(set_up) or 'another dtype'} set. Make it "
                "without."
            )
        if self._family == "SentencePieceTokenizer":
            hub._sentence_piece._model_resource = lasting_model(hub.proto)
        # Outside a graph KerasHub runs other code than inside, which gives lists.
        self._to_ids = tf.function(hub.tokenize, input_signature=[tf.TensorSpec([None], tf.string)])
        self._to_texts = tf.function(
            hub.detokenize, input_signature=[tf.RaggedTensorSpec([None, None], tf.int32)]
        )
        self._lost = re.escape(hub.detokenize([[self.special.unknown]])[0])

    @property
    def vocabulary_size(self) -> int:
        """How many ids the tokenizer has; the backbone may have room for more."""
        return self._hub.vocabulary_size()

    def to_ids(self, texts: tf.Tensor, sample: bool = False) -> tf.RaggedTensor:
        """See `Tokenizer`."""
        ids = self._to_ids(texts)
        known = tf.where(ids.flat_values < 0, self.special.unknown, ids.flat_values)
        begun = tf.minimum(ids.row_lengths(), 1)  # as everywhere, an empty text has no token
        start = tf.fill([tf.reduce_sum(begun)], self.special.start)
        starts = tf.RaggedTensor.from_row_lengths(start, begun)
        return tf.concat([starts, ids.with_flat_values(known)], axis=1)

    def to_texts(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """See `Tokenizer`."""
        texts = tf.strings.regex_replace(self._to_texts(ids), self._lost, REPLACEMENT)
        return tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")

    def piece(self, token: int) -> str:
        """See `Tokenizer`."""
        if self._family == "BytePairTokenizer":  # whose pieces are bytes, written as other letters
            return self._hub.detokenize([[token]])[0]
        return self._hub.id_to_token(token)

    def _content(self) -> bytes:
        hub, family = self._hub, self._family
        if family == "SentencePieceTokenizer":
            return hub.proto
        names = ("vocabulary", "merges") if family == "BytePairTokenizer" else ("vocabulary",)
        return json.dumps({name: getattr(hub, name) for name in names}, ensure_ascii=False).encode()

    def config(self) -> dict[str, Any]:
        """See `Tokenizer`; the vocabulary is in a file of its own."""
        return {
            "class": type(self._hub).__name__,
            "settings": {name: getattr(self._hub, name) for name in _SETTINGS[self._family]},
            "sha256": sha256(self._content()),
        }

    def write_files(self, directory: Path) -> None:
        """See `Tokenizer`; writes the vocabulary."""
        write_checked(directory / _file(self._family), self._content())

    @classmethod
    def from_files(cls, directory: Path, config: dict[str, Any], path: Path) -> Self:
        """See `Tokenizer`."""
        name = read_field(config, "class", str, path)
        kind, family = _family_of(name)
        record = read_field(config, "settings", dict, path)
        settings = {key: read_field(record, key, of, path) for key, of in _SETTINGS[family].items()}
        data = read_checked(directory / _file(family), read_field(config, "sha256", str, path))
        try:
            return cls(kind(**_vocabulary(family, data), **settings))
        except Exception as error:  # whatever KerasHub makes of a vocabulary that is none
            raise ValueError(
                f"{path} does not describe a {name} ({type(error).__name__}: {error}). "
                "Save it again."
            ) from error


def _family_of(name: str) -> tuple[Any, str]:
    """The class of that name in KerasHub, and the family it belongs to."""
    import keras_hub

    known = vars(keras_hub.tokenizers)
    kind = known.get(name)
    for family in _SETTINGS:
        if isinstance(kind, type) and issubclass(kind, known[family]):
            return kind, family
    raise ValueError(
        f"`tokenizer` must be one of keras_hub.tokenizers that cuts text by WordPiece, byte pairs "
        f"or SentencePiece, for example BertTokenizer or RobertaTokenizer; got {name!r}."
    )


def _special(tokenizer: Any) -> SpecialTokens:
    """The special ids of a tokenizer of KerasHub."""
    unknown = getattr(tokenizer, "oov_token", "<unk>")
    try:
        special = SpecialTokens(
            padding=tokenizer.pad_token_id,
            start=tokenizer.start_token_id,
            end=tokenizer.end_token_id,
            unknown=tokenizer.token_to_id(unknown),
        )
    except (AttributeError, ValueError) as error:
        raise ValueError(
            "`tokenizer` must have a padding, a start, an end and an unknown token, as those for "
            f"encoders do; {type(tokenizer).__name__} lacks one: {error}"
        ) from error
    if len(set(special)) < len(special):
        raise ValueError(f"`tokenizer` must have an id for each special token; got {special}.")
    return special


def _file(family: str) -> str:
    return MODEL_FILE if family == "SentencePieceTokenizer" else "vocabulary.json"


def _vocabulary(family: str, data: bytes) -> dict[str, Any]:
    """The arguments of the constructor, no string among them, which would name a file to read."""
    if family == "SentencePieceTokenizer":
        return {"proto": data}
    record = json.loads(data)
    pieces, merges = list(record["vocabulary"]), list(record.get("merges", ()))
    if not all(isinstance(piece, str) for piece in [*pieces, *merges]):
        raise ValueError("Vocabulary entries must be strings.")
    if family == "WordPieceTokenizer":
        return {"vocabulary": pieces}
    ids = dict(record["vocabulary"])
    if not all(type(number) is int for number in ids.values()):
        raise ValueError("Ids of the vocabulary must be whole numbers.")
    return {"vocabulary": ids, "merges": merges}
