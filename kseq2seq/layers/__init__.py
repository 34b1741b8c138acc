"""Building blocks: attention, positions, Transformer blocks, recurrence."""

from kseq2seq.layers.adaptable import Adaptable, Conv1D, Dense, revision, watch
from kseq2seq.layers.attend import (
    AttendInWindow,
    attend,
    attend_in_chunks,
    attend_in_window,
    for_heads,
)
from kseq2seq.layers.attention import CrossAttention, SelfAttention
from kseq2seq.layers.cache import grow_cache, write_cache
from kseq2seq.layers.changes import apply_changes, changes_of
from kseq2seq.layers.feed_forward import ACTIVATIONS, FeedForward
from kseq2seq.layers.folding import fold, unfold
from kseq2seq.layers.gated_convolution import DEVIATION, ROOT_HALF, GatedConvolution
from kseq2seq.layers.look_up import look_up
from kseq2seq.layers.maxout import maxout
from kseq2seq.layers.norms import (
    NORMS,
    Norm,
    encoder_decoder_norms,
    normalization,
    single_stack_norm,
)
from kseq2seq.layers.positions import (
    Alibi,
    DistanceBuckets,
    Positions,
    RelativeVectors,
    Rotary,
    stack_positions,
)
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.prefix_block import PrefixBlock
from kseq2seq.layers.recurrence import recur, reverse
from kseq2seq.layers.recurrent_stack import RecurrentStack, recurrent
from kseq2seq.layers.rotary import rotate
from kseq2seq.layers.scores import SCORES, Attention
from kseq2seq.layers.segments import first_places, together
from kseq2seq.layers.token_embedding import (
    POSITIONS,
    Embedding,
    ReversibleEmbedding,
    TokenEmbedding,
    output_table,
    sinusoid,
    token_table,
)
from kseq2seq.layers.transformer_blocks import BlockSizes, DecoderBlock, EncoderBlock

__all__ = [
    "ACTIVATIONS",
    "DEVIATION",
    "NORMS",
    "POSITIONS",
    "ROOT_HALF",
    "SCORES",
    "Adaptable",
    "Alibi",
    "AttendInWindow",
    "Attention",
    "BlockSizes",
    "Conv1D",
    "CrossAttention",
    "DecoderBlock",
    "Dense",
    "DistanceBuckets",
    "Embedding",
    "EncoderBlock",
    "FeedForward",
    "GatedConvolution",
    "Norm",
    "Positions",
    "Prebuilt",
    "PrefixBlock",
    "RecurrentStack",
    "RelativeVectors",
    "ReversibleEmbedding",
    "Rotary",
    "SelfAttention",
    "TokenEmbedding",
    "apply_changes",
    "attend",
    "attend_in_chunks",
    "attend_in_window",
    "changes_of",
    "encoder_decoder_norms",
    "first_places",
    "fold",
    "for_heads",
    "grow_cache",
    "linear",
    "look_up",
    "maxout",
    "normalization",
    "output_table",
    "recur",
    "recurrent",
    "reverse",
    "revision",
    "rotate",
    "single_stack_norm",
    "sinusoid",
    "stack_positions",
    "together",
    "token_table",
    "unfold",
    "watch",
    "write_cache",
]
