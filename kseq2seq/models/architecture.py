"""Architectures: frozen dataclasses of sizes that build an encoder and a decoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import keras

from kseq2seq import checks
from kseq2seq.decoders import Decoder
from kseq2seq.deprecation import renamed
from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec
from kseq2seq.heads import Head
from kseq2seq.memory import check_memory
from kseq2seq.models.copying import with_copy_ids
from kseq2seq.models.head_model import HeadModel
from kseq2seq.models.seq2seq import JointModel, Seq2Seq
from kseq2seq.models.table import ARCHITECTURES, DOOR

_BUILD_ENCODERS = ("build_encoder", "parts", "build")  # methods


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The base of architectures, whose fields are the sizes that `build_model` takes.

    An encoder-decoder has `build_encoder` and `build_decoder`, so that either half can be paired
    with that of another architecture. `register_architecture` adds one of your own to the table;
    the attributes below and `facts` describe it to the rest of the package.

    Attributes:
        kind: its name; set by `register_architecture`.
        reads_any_encoder: whether its decoder can read the outputs of other encoders.
        encoder_settings: sizes that change how the encoder computes, beside the shapes of its
            weights; `warm_start` requires them to be equal. None means all sizes.
        layer_names: names of the numbered layers of its stacks, for `layerwise_decay`: "block" for
            block_0, block_1...
        packs: whether `kseq2seq.training.packed` can keep several pairs in a row apart.
        needs_source: whether `source` is required.
        needs_target: whether it has a target beside its source.
        old_names: earlier names of sizes -> names of today, for old calls and files.
        recipe_sizes: sizes that recipes build it with; None if they don't offer it.
    """

    kind: ClassVar[str]
    reads_any_encoder: ClassVar[bool] = True
    encoder_settings: ClassVar[tuple[str, ...] | None] = None
    layer_names: ClassVar[tuple[str, ...]] = ("block", "layer")
    packs: ClassVar[bool] = False
    needs_source: ClassVar[bool] = True
    needs_target: ClassVar[bool] = True
    old_names: ClassVar[dict[str, str]] = {}
    recipe_sizes: ClassVar[dict[str, Any] | None] = {}

    @classmethod
    def is_half(cls, side: str) -> bool:
        """Returns whether its "encoder" or "decoder" can be half of a hybrid."""
        own = getattr(cls, f"build_{side}") is not getattr(Architecture, f"build_{side}")
        return own and (side == "encoder" or cls.reads_any_encoder)

    @classmethod
    def declares(cls, what: str) -> bool:
        """Returns whether an attribute describes the encoder that this class builds.

        It does if the class that builds the encoder, or one derived from it, defines it. An
        attribute inherited from a class with another encoder does not.
        """
        for kind in cls.__mro__:
            if what in vars(kind):
                return True
            if any(method in vars(kind) for method in _BUILD_ENCODERS):
                return False
        return False

    def check_whole(
        self, *names: str, optional: Sequence[str] = (), least: int = 1, most: int = checks.MOST
    ) -> None:
        """Refuses sizes that are not whole numbers; those that are `optional` may be None."""
        for name in (*names, *optional):
            if name not in optional or getattr(self, name) is not None:
                checks.check_whole(name, getattr(self, name), least, most)

    @property
    def facts(self) -> Facts:
        """What the encoder does to the length of a source; `UNKNOWN` by default."""
        return UNKNOWN

    def declared_facts(self) -> Facts:
        """Returns `facts` if they describe the encoder that is built, else `UNKNOWN`.

        Raises:
            TypeError: if they are not `Facts`.
        """
        facts = self.facts if self.declares("facts") else UNKNOWN
        if not isinstance(facts, Facts):
            raise TypeError(
                f"`facts` of {type(self).__name__} must be a kseq2seq.encoders.Facts; got "
                f"{facts!r}."
            )
        return facts

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """Builds the encoder: a functional model of the source's inputs, by name."""
        raise NotImplementedError

    def build_decoder(self, target: int, encoded: dict[str, Any]) -> Decoder:
        """Builds the decoder for a number of target ids and the encoder's symbolic outputs."""
        raise ValueError(
            f"{self.kind!r} is an encoder alone. Pass another `head`, for example 'ctc' or "
            "'labels'; or pass it as the `encoder` of a 'hybrid'."
        )

    def encoder_weights(self, source: SourceSpec) -> int:
        """Returns a lower bound of the encoder's number of weights, without building it."""
        return 0

    def decoder_weights(self, target: int) -> int:
        """Returns a lower bound of the decoder's number of weights, without building it."""
        return 0

    def check_memory(self, source: SourceSpec, target: int | None, size: int) -> None:
        """Refuses sizes whose weights, of `size` bytes each, would not fit into memory."""
        weights = self.encoder_weights(source)
        if target is not None:
            weights += self.decoder_weights(target)
        check_memory(
            size * weights,
            f"A model of at least {weights:,} parameters",
            "Lower its widths, its layers or its vocabularies.",
        )

    def build_encoder_alone(self, source: SourceSpec) -> keras.Model:
        """Builds the encoder for a head that is not a decoder.

        Raises:
            ValueError: if the architecture has no encoder of its own.
        """
        return self.build_encoder(source)

    def parts(self, source: SourceSpec, target: int) -> tuple[keras.Model, Decoder]:
        """Builds encoder and decoder; override it where they share weights."""
        encoder = self.build_encoder(source)
        return encoder, self.build_decoder(target, encoder.output)

    def encoder_and_decoder(self, source: SourceSpec, target: int) -> tuple[keras.Model, Decoder]:
        """Returns `parts`, whose encoder also gives what the decoder copies, if it does."""
        encoder, decoder = self.parts(source, target)
        stride = self.declared_facts().stride
        return with_copy_ids(encoder, decoder, source, target, stride), decoder

    def build(
        self, source: SourceSpec, target: int | None, arguments: dict[str, Any]
    ) -> keras.Model:
        """Builds the model that `build_model` returns; `arguments` are its configuration."""
        if target is None:
            raise ValueError(
                "`target` is missing: an encoder-decoder needs the number of target ids, or a "
                "tokenizer, as its third argument."
            )
        return Seq2Seq(*self.encoder_and_decoder(source, target), arguments)

    def build_with(
        self, head: Head, source: SourceSpec, target: int, arguments: dict[str, Any]
    ) -> keras.Model:
        """Builds the model with another head than the decoder, or beside it."""
        if head.with_decoder:
            encoder, decoder = self.encoder_and_decoder(source, target)
            head.begin(target, encoder.output)
            return JointModel(encoder, decoder, head, arguments)
        encoder = self.build_encoder_alone(source)
        head.begin(target, encoder.output)
        return HeadModel(encoder, head, arguments)

    def config(self) -> dict[str, Any]:
        """Returns the sizes in JSON's types, as `build_model` takes them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def register_architecture(name: str) -> Callable:
    """Returns a class decorator that makes an architecture known to `build_model` and to files.

    Hybrids, `warm_start`, rates by layer, packing and recipes then know it too, by the attributes
    of its class; see `Architecture`.

    Args:
        name: its name in `build_model` and in files. Choose one that can stay.

    Raises:
        ValueError: if the name is taken or is not a word.
        TypeError: if the decorated object is not a subclass of `Architecture`, or has a field with
            an old name of a size.

    Example:
        >>> from dataclasses import dataclass
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import Luong, register_architecture
        >>> @register_architecture("narrow_luong")
        ... @dataclass(frozen=True, kw_only=True)
        ... class NarrowLuong(Luong):
        ...     hidden_dim: int = 8
        >>> build_model("narrow_luong", 9, 9).get_config()["hidden_dim"]
        8
    """
    enter = ARCHITECTURES.register(name)

    def register(cls: type[Architecture]) -> type[Architecture]:
        if not (isinstance(cls, type) and issubclass(cls, Architecture)):
            raise TypeError(
                f"@{DOOR} decorates subclasses of kseq2seq.models.Architecture; got {cls!r}."
            )
        for old, new in cls.old_names.items():
            if old in cls.__dataclass_fields__:
                raise TypeError(f"`{old}` was renamed to `{new}`. Rename the field of {cls}.")
        return enter(renamed(**cls.old_names)(cls) if cls.old_names else cls)

    return register
