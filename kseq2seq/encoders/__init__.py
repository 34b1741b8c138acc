"""Encoders: functional models from a source and its mask to what decoders attend to."""

from kseq2seq.encoders.backbone import backbone_config, backbone_encoder, backbone_from_config
from kseq2seq.encoders.convolutional import convolutional_encoder
from kseq2seq.encoders.facts import UNKNOWN, Facts, along_units, check_facts, with_facts
from kseq2seq.encoders.prefix_lm import empty_encoder, prefix_encoder, read_prefix
from kseq2seq.encoders.recurrent import recurrent_encoder, with_mean_states
from kseq2seq.encoders.source_table import source_table
from kseq2seq.encoders.spec import SourceSpec, mask_input, sequence_spec, token_input, token_spec
from kseq2seq.encoders.transformer import read_source, transformer_encoder

__all__ = [
    "UNKNOWN",
    "Facts",
    "SourceSpec",
    "along_units",
    "backbone_config",
    "backbone_encoder",
    "backbone_from_config",
    "check_facts",
    "convolutional_encoder",
    "empty_encoder",
    "mask_input",
    "prefix_encoder",
    "read_prefix",
    "read_source",
    "recurrent_encoder",
    "sequence_spec",
    "source_table",
    "token_input",
    "token_spec",
    "transformer_encoder",
    "with_facts",
    "with_mean_states",
]
