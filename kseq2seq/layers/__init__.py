"""Building blocks: attention, position schemes, Transformer blocks, recurrence."""

from kseq2seq.deprecation import moved
from kseq2seq.layers.adaptable import Conv1D, Dense
from kseq2seq.layers.additive_attention import SCORES, Attention
from kseq2seq.layers.attention import CrossAttention, SelfAttention, attend, fold, unfold
from kseq2seq.layers.gated_convolution import GatedConvolution
from kseq2seq.layers.grid import Cells, GridPositions
from kseq2seq.layers.long_attention import AttendInWindow, attend_in_chunks, attend_in_window
from kseq2seq.layers.norms import (
    NORMS,
    Norm,
    encoder_decoder_norms,
    normalization,
    single_stack_norm,
)
from kseq2seq.layers.pointer import Pointer, coverage_loss
from kseq2seq.layers.position_schemes import (
    Alibi,
    DistanceBuckets,
    PositionScheme,
    RelativeVectors,
    Rotary,
    rotate,
    stack_positions,
)
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.prefix_block import PrefixBlock
from kseq2seq.layers.recurrence import recur
from kseq2seq.layers.recurrent_stack import RecurrentStack, recurrent
from kseq2seq.layers.spelled_embedding import SpelledEmbedding
from kseq2seq.layers.token_embedding import (
    POSITION_SCHEMES,
    Embedding,
    ReversibleEmbedding,
    TokenEmbedding,
    output_table,
    sinusoid,
    token_table,
)
from kseq2seq.layers.transformer_blocks import (
    ACTIVATIONS,
    BlockSizes,
    DecoderBlock,
    EncoderBlock,
    FeedForward,
)

__all__ = [
    "ACTIVATIONS",
    "NORMS",
    "POSITION_SCHEMES",
    "SCORES",
    "Alibi",
    "AttendInWindow",
    "Attention",
    "BlockSizes",
    "Cells",
    "Conv1D",
    "CrossAttention",
    "DecoderBlock",
    "Dense",
    "DistanceBuckets",
    "Embedding",
    "EncoderBlock",
    "FeedForward",
    "GatedConvolution",
    "GridPositions",
    "Norm",
    "Pointer",
    "PositionScheme",
    "Prebuilt",
    "PrefixBlock",
    "RecurrentStack",
    "RelativeVectors",
    "ReversibleEmbedding",
    "Rotary",
    "SelfAttention",
    "SpelledEmbedding",
    "TokenEmbedding",
    "attend",
    "attend_in_chunks",
    "attend_in_window",
    "coverage_loss",
    "encoder_decoder_norms",
    "fold",
    "linear",
    "normalization",
    "output_table",
    "recur",
    "recurrent",
    "rotate",
    "single_stack_norm",
    "sinusoid",
    "stack_positions",
    "token_table",
    "unfold",
]

__getattr__ = moved(
    __name__,
    {
        "POSITIONS": "kseq2seq.layers.POSITION_SCHEMES",
        "Positions": "kseq2seq.layers.PositionScheme",
        "first_places": "kseq2seq.layers.segments.first_positions",
        "maxout": "kseq2seq.decoders.recurrent.maxout",
        **{
            name: f"kseq2seq.layers.{module}.{name}"
            for module, names in {
                "adaptable": ("Adaptable", "revision", "watch"),
                "attention": ("for_heads", "grow_cache", "write_cache"),
                "changes": ("apply_changes", "changes_of"),
                "gated_convolution": ("DEVIATION", "ROOT_HALF"),
                "recurrence": ("reverse",),
                "segments": ("together",),
                "token_embedding": ("look_up",),
            }.items()
            for name in names
        },
    },
)
