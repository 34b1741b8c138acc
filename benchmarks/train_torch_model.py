"""`torch.nn.Transformer` between one tied table: the model of `train.py` in PyTorch."""

import torch
from torch import nn
from torch.nn import functional


class Translator(nn.Module):
    """Pre-norm, with sinusoids, and with biases only where our model has them.

    The table starts as ours does, N(0, 1/dim), and the matrices as `nn.Transformer` draws them.
    """

    def __init__(self, ids, dim, layers, heads, inner, longest):
        super().__init__()
        self.scale = dim**0.5
        self.table = nn.Embedding(ids, dim)
        nn.init.normal_(self.table.weight, 0, 1 / self.scale)
        self.transformer = nn.Transformer(
            dim, heads, layers, layers, inner, dropout=0.0, batch_first=True, norm_first=True
        )
        self.transformer.encoder.enable_nested_tensor = False
        for block in (*self.transformer.encoder.layers, *self.transformer.decoder.layers):
            for name, part in list(block.named_children()):
                if isinstance(part, nn.MultiheadAttention):
                    plain = nn.MultiheadAttention(dim, heads, bias=False, batch_first=True)
                    setattr(block, name, plain)
        for matrix in self.transformer.parameters():
            if matrix.dim() > 1:
                nn.init.xavier_uniform_(matrix)
        half = dim // 2
        angles = torch.arange(longest)[:, None] * 10_000.0 ** (-torch.arange(half) / half)
        self.register_buffer("places", torch.cat([angles.sin(), angles.cos()], dim=1))

    def embed(self, tokens):
        """Returns (B, T, dim) of int (B, T)."""
        return self.table(tokens) * self.scale + self.places[: tokens.shape[1]]

    def encode(self, source):
        """Returns (B, S, dim), and where the source is padding, bool (B, S)."""
        padding = source == 0
        return self.transformer.encoder(self.embed(source), src_key_padding_mask=padding), padding

    def decode(self, target, memory, padding):
        """Returns states (B, T, dim); padding stands right, so that causality hides it."""
        length = target.shape[1]
        causal = nn.Transformer.generate_square_subsequent_mask(length)
        return self.transformer.decoder(
            self.embed(target),
            memory,
            tgt_mask=causal,
            tgt_is_causal=True,
            memory_key_padding_mask=padding,
        )

    def forward(self, source, target, labels, label_smoothing):
        """Returns the mean loss of labels int (B, T) that are not padding."""
        logits = self.decode(target, *self.encode(source)) @ self.table.weight.T
        return functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), ignore_index=0, label_smoothing=label_smoothing
        )

    @torch.no_grad()
    def greedy(self, source, longest):
        """Returns ids, int (B, T), whose rows end at their first 2."""
        memory, padding = self.encode(source)
        made = torch.ones((len(source), 1), dtype=torch.int64)
        while made.shape[1] <= longest and not (made == 2).any(dim=1).all():
            states = self.decode(made, memory, padding)[:, -1]
            made = torch.cat([made, (states @ self.table.weight.T).argmax(-1, keepdim=True)], 1)
        return made[:, 1:]
