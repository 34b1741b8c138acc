"""What every architecture is: a frozen dataclass of sizes that can build its two halves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import keras

from kseq2seq.decoders import Decoder
from kseq2seq.deprecation import renamed
from kseq2seq.encoders import UNKNOWN, Facts, SourceSpec
from kseq2seq.heads import Head
from kseq2seq.memory import check_memory
from kseq2seq.models.head_model import HeadModel
from kseq2seq.models.seq2seq import JointModel, Seq2Seq
from kseq2seq.models.table import ARCHITECTURES, DOOR

_DOORS = ("build_encoder", "parts", "build")  # which build encoders


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """The base of architectures, whose fields are what `build_model` takes as sizes.

    An encoder-decoder has `build_encoder` and `build_decoder`, so that its halves can be paired
    with those of others. An architecture of your own enters the table by `register_architecture`;
    what else there is to know of it, it says itself, here and by `facts`.

    Attributes:
        kind: its name, set by `register_architecture`.
        reads_any_encoder: whether its decoder can read what encoders of other architectures give.
        encoder_settings: sizes that change what the encoder computes, and not only its weights;
            `warm_start` wants them alike. None are all sizes.
        layer_names: what the numbered layers of its stacks are called, as `layerwise_decay` finds
            them: "block" for block_0, block_1...
        packs: whether `kseq2seq.training.packed` can keep several pairs of a row apart.
        needs_source: whether it can't be built for None in the place of a source.
        needs_target: whether it has a target beside its source.
        old_names: earlier names of its sizes -> those of today; old calls and files have them.
        recipe_sizes: what recipes build it with; None if they don't.
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
        """Whether its "encoder" or "decoder" can be half of a hybrid."""
        own = getattr(cls, f"build_{side}") is not getattr(Architecture, f"build_{side}")
        return own and (side == "encoder" or cls.reads_any_encoder)

    @classmethod
    def declares(cls, what: str) -> bool:
        """Whether the class that builds the encoder, or one derived of it, has such an attribute.

        One that is inherited from a class whose encoder is another says nothing of this one.
        """
        for kind in cls.__mro__:
            if what in vars(kind):
                return True
            if any(door in vars(kind) for door in _DOORS):
                return False
        return False

    @property
    def facts(self) -> Facts:
        """What the encoder does to the length of a source; by default nothing is known of it."""
        return UNKNOWN

    def declared_facts(self) -> Facts:
        """Returns the facts, if they are declared of the encoder that is built.

        Raises:
            TypeError: they are no `Facts`.
        """
        facts = self.facts if self.declares("facts") else UNKNOWN
        if not isinstance(facts, Facts):
            raise TypeError(
                f"`facts` of {type(self).__name__} must be a kseq2seq.encoders.Facts; got "
                f"{facts!r}."
            )
        return facts

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """Builds the encoder for a source: a functional model of the inputs that it names."""
        raise NotImplementedError

    def build_decoder(self, target: int, encoded: dict[str, Any]) -> Decoder:
        """Builds the decoder for `target` ids and what the encoder gives, as symbolic tensors."""
        raise NotImplementedError

    def encoder_weights(self, source: SourceSpec) -> int:
        """Returns a lower bound of the weights of the encoder, without building it."""
        return 0

    def decoder_weights(self, target: int) -> int:
        """Returns a lower bound of the weights of the decoder, without building it."""
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
        """Builds an encoder for a head that is no decoder; of a hybrid, its encoder.

        Raises:
            ValueError: the architecture has no encoder of its own.
        """
        return self.build_encoder(source)

    def parts(self, source: SourceSpec, target: int) -> tuple[keras.Model, Decoder]:
        """Builds both halves; those that share weights across them build them here."""
        encoder = self.build_encoder(source)
        return encoder, self.build_decoder(target, encoder.output)

    def build(
        self, source: SourceSpec, target: int | None, arguments: dict[str, Any]
    ) -> keras.Model:
        """Builds the model that `build_model` returns; `arguments` are its configuration."""
        if target is None:
            raise ValueError(
                "`target` is missing: an encoder-decoder needs the number of target ids, or a "
                "tokenizer, as its third argument."
            )
        return Seq2Seq(*self.parts(source, target), arguments)

    def build_with(
        self, head: Head, source: SourceSpec, target: int, arguments: dict[str, Any]
    ) -> keras.Model:
        """Builds the model of this encoder, and of the decoder if it has one, with another head."""
        if head.with_decoder:
            encoder, decoder = self.parts(source, target)
            head.begin(target, encoder.output)
            return JointModel(encoder, decoder, head, arguments)
        encoder = self.build_encoder_alone(source)
        head.begin(target, encoder.output)
        return HeadModel(encoder, head, arguments)

    def config(self) -> dict[str, Any]:
        """Returns the sizes in JSON's own types; `build_model` takes them back."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def register_architecture(name: str) -> Callable:
    """Returns a decorator that makes an architecture known to `build_model` and to saved files.

    Everything that names architectures reads this table or the class: the halves of a hybrid,
    `warm_start`, rates by layer, what can be packed, recipes. See `Architecture` for what a class
    says of itself.

    Args:
        name: what `build_model` and files call it; choose it to stay.

    Raises:
        ValueError: the name is taken, or no word.
        TypeError: what is decorated is no subclass of `Architecture`, or has a field by an old
            name of another.

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
