"""Encoders: functional models from a source and its mask to what decoders attend to."""

from kseq2seq.encoders.backbone import backbone_config, backbone_encoder, backbone_from_config
from kseq2seq.encoders.columns import column_encoder
from kseq2seq.encoders.conformer import conformer_encoder
from kseq2seq.encoders.convolutional import convolutional_encoder
from kseq2seq.encoders.facts import UNKNOWN, Facts, check_facts
from kseq2seq.encoders.facts import along_units as along_units
from kseq2seq.encoders.facts import with_facts as with_facts
from kseq2seq.encoders.image import image_encoder
from kseq2seq.encoders.image_backbone import image_backbone_encoder
from kseq2seq.encoders.prefix_lm import empty_encoder, prefix_encoder
from kseq2seq.encoders.prefix_lm import read_prefix as read_prefix
from kseq2seq.encoders.recurrent import recurrent_encoder, with_mean_states
from kseq2seq.encoders.source_table import source_table
from kseq2seq.encoders.spec import SourceSpec, mask_input, sequence_spec, token_input, token_spec
from kseq2seq.encoders.subsampled import read_subsampled as read_subsampled
from kseq2seq.encoders.subsampled import subsampled_spec
from kseq2seq.encoders.transformer import read_source as read_source
from kseq2seq.encoders.transformer import transformer_encoder

__all__ = [
    "UNKNOWN",
    "Facts",
    "SourceSpec",
    "backbone_config",
    "backbone_encoder",
    "backbone_from_config",
    "check_facts",
    "column_encoder",
    "conformer_encoder",
    "convolutional_encoder",
    "empty_encoder",
    "image_backbone_encoder",
    "image_encoder",
    "mask_input",
    "prefix_encoder",
    "recurrent_encoder",
    "sequence_spec",
    "source_table",
    "subsampled_spec",
    "token_input",
    "token_spec",
    "transformer_encoder",
    "with_mean_states",
]
