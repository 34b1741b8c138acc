"""The architecture that reads pictures; it is the encoder of a hybrid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from kseq2seq import checks
from kseq2seq.encoders import Facts, SourceSpec, image_backbone_encoder, image_encoder
from kseq2seq.encoders.image import LEVELS, image_spec
from kseq2seq.encoders.image_backbone import described_backbone, image_backbone
from kseq2seq.models.architecture import Architecture, register_architecture

_OF_BOTH = ("hidden_dim", "stride", "dropout")  # sizes of the small network and of a backbone


@register_architecture("image")
@dataclass(frozen=True, kw_only=True)
class Image(Architecture):
    """A small residual network of convolutions over a picture, or a backbone cut off at a level.

    Args:
        hidden_dim: width of the outputs.
        stride: pixels between the cells of the grid that a decoder looks at: 4, 8, 16 or 32.
        channels: of the small network's first level, at half the picture's size; each later level
            has twice as many.
        num_layers: its residual blocks at the last level; earlier ones have one, the first none.
        dropout: rate on the outputs, in [0, 1).
        backbone: in place of the small network: the name of a function of `keras.applications`, for
            example "MobileNetV3Small"; or a backbone of `keras_hub.models`, which keeps its
            weights, for example `ResNetBackbone.from_preset(directory)`.
        options: of a name, in JSON's types, for example {"minimalistic": True}.
        weights: of a name: a file of pretrained weights for the backbone without its top; None
            draws them at random. A saved model has weights of its own.

    Example:
        >>> from kseq2seq import build_model
        >>> from kseq2seq.models import Bahdanau, Image
        >>> model = build_model(
        ...     "hybrid",
        ...     source={"source": ((32, 32, 3), "float32")},
        ...     target=50,
        ...     encoder=Image(channels=4, hidden_dim=16),
        ...     decoder=Bahdanau(hidden_dim=16),
        ... )
        >>> model.encoder.output["outputs"].shape
        (None, 16, 16)

    Source:
        He et al. 2016; see `kseq2seq.encoders.image_encoder`. With the decoder of `Bahdanau` it is
        the captioner of Xu et al. 2015, "Show, Attend and Tell", with soft attention; their gate on
        the context and their doubly stochastic loss are left out.
    """

    hidden_dim: int = 256
    stride: int = 8
    channels: int = 32
    num_layers: int = 2
    dropout: float = 0.1
    backbone: Any = None
    options: Any = None
    weights: Any = None

    encoder_settings = ("stride", "backbone")
    recipe_sizes: ClassVar = None  # its source is a picture

    def __post_init__(self):
        self.check_whole("hidden_dim")
        self.check_whole("channels", most=1024)
        self.check_whole("num_layers", most=checks.MOST_LAYERS)
        checks.one_of(LEVELS, stride=self.stride)
        checks.rate(dropout=self.dropout)
        if self.weights is not None and not isinstance(self.backbone, str | dict):
            raise ValueError(
                f"`weights` are those of a `backbone` of keras.applications; got {self.weights!r} "
                f"for {'the small network' if self.backbone is None else 'a backbone with its own'}"
                ". Name a backbone, or leave `weights` out."
            )
        self._record()

    @property
    def facts(self) -> Facts:
        """See `Architecture`; a picture is never cropped."""
        return Facts(crops=False)

    def encoder_weights(self, source: SourceSpec) -> int:
        """See `Architecture`; those of the small network's last level."""
        if self.backbone is not None:
            return 0
        width = self.channels * self.stride // 2
        return 18 * self.num_layers * width**2 + width * self.hidden_dim

    def _record(self) -> dict[str, Any] | None:
        """The backbone as a file keeps it."""
        if self.backbone is None:
            return None
        return described_backbone(self.backbone, self.options)

    def config(self) -> dict[str, Any]:
        """See `Architecture`; without the weights of the backbone, which are the model's."""
        names = ("hidden_dim", "stride", "channels", "num_layers", "dropout")
        return {**{name: getattr(self, name) for name in names}, "backbone": self._record()}

    def build_encoder(self, source: SourceSpec) -> keras.Model:
        """See `Architecture`."""
        record, backbone = self._record(), self.backbone
        sizes: dict[str, Any] = {name: getattr(self, name) for name in _OF_BOTH}
        if record is None:
            return image_encoder(
                source, channels=self.channels, num_layers=self.num_layers, **sizes
            )
        if not isinstance(backbone, keras.Model):
            height, width, channels = image_spec(source, "an image backbone").inputs["source"][0]
            assert height and width and channels  # so `image_spec` says
            backbone = image_backbone(record, (height, width, channels), self.weights)
        return image_backbone_encoder(source, backbone, **sizes)
