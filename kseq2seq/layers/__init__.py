"""Building blocks: attention, positions, Transformer blocks, recurrence."""

from kseq2seq.layers.attention import CrossAttention, SelfAttention, attend
from kseq2seq.layers.cache import write_cache
from kseq2seq.layers.feed_forward import ACTIVATIONS, FeedForward
from kseq2seq.layers.folding import fold, unfold
from kseq2seq.layers.maxout import maxout
from kseq2seq.layers.prebuilt import Prebuilt, linear
from kseq2seq.layers.recurrence import recur, reverse
from kseq2seq.layers.recurrent_stack import RecurrentStack, recurrent
from kseq2seq.layers.rotary import rotate
from kseq2seq.layers.scores import SCORES, Attention
from kseq2seq.layers.token_embedding import (
    POSITIONS,
    TokenEmbedding,
    output_table,
    sinusoid,
    token_table,
)
from kseq2seq.layers.transformer_blocks import (
    NORMS,
    DecoderBlock,
    EncoderBlock,
    normalization,
)

__all__ = [
    "ACTIVATIONS",
    "NORMS",
    "POSITIONS",
    "SCORES",
    "Attention",
    "CrossAttention",
    "DecoderBlock",
    "EncoderBlock",
    "FeedForward",
    "Prebuilt",
    "RecurrentStack",
    "SelfAttention",
    "TokenEmbedding",
    "attend",
    "fold",
    "linear",
    "maxout",
    "normalization",
    "output_table",
    "recur",
    "recurrent",
    "reverse",
    "rotate",
    "sinusoid",
    "token_table",
    "unfold",
    "write_cache",
]
