"""A decoder and CTC over one encoder."""

from __future__ import annotations

from typing import Any

from kseq2seq.heads.ctc import Ctc, closing
from kseq2seq.heads.head import register_head


@register_head("joint")
class Joint(Ctc):
    r"""Trains an encoder by CTC and by a decoder together, which then decodes.

    .. math:: \lambda L_{\mathrm{CTC}} + (1 - \lambda) L_{\mathrm{decoder}}

    The model has two outputs, {"decoder": (B, T, V), "ctc": (B, S, V)}, of the same targets: closed
    by their end for the decoder, without it for CTC.

    Args:
        weight: lambda, between 0 and 1.
        end: the id that closes targets.

    Source:
        Watanabe et al. 2017, "Hybrid CTC/Attention Architecture", equation 26. Both losses are
        means over the tokens of a batch.
    """

    least_ids = 5
    with_decoder = True

    def __init__(self, weight: float = 0.3, end: int = 2, **kwargs: Any):
        super().__init__(end=end, **kwargs)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < 1:
            raise ValueError(
                f"`weight` must be a number between 0 and 1, for example 0.3; got {weight!r}. For "
                "CTC or a decoder alone, pass head='ctc' or leave `head` out."
            )
        self.weight = float(weight)

    def suited(self, source, target):
        """See `Head`."""
        end = closing(target)
        return self.like(end=end) if end else self
