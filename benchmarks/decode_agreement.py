"""Whether CTranslate2 and we find the same targets with the same weights."""

from statistics import fmean, median

import kseq2seq as ks

# isort: split
import numpy as np
import tensorflow as tf
from decode_sentences import ROWS, batches, decode

GREEDY = ks.Greedy()
BEAM = ks.Beam(4, length_penalty=0.6, patience=1)  # ends as CTranslate2 does


def agreement(model, peer, translator, sources, longest) -> float:
    """Prints how far both sides find the same; returns CTranslate2's exponent of lengths."""
    given, rows = batches(sources, ROWS, 1), {"batch_size": ROWS, "scores": True}
    ours, scores, _ = decode(model, given, GREEDY, longest, False)
    theirs, peers, _ = peer.translate(translator, sources, 1, longest, length_penalty=0, **rows)
    parted = [i for i in range(len(ours)) if ours[i] != theirs[i]]
    ended = [i for i in range(len(ours)) if i not in parted and len(ours[i]) < longest]
    print(f"greedy: {len(ours) - len(parted)} of {len(ours)} targets are the same")
    gap = np.abs(scores - peers)[ended].max(initial=0)
    print(f"  their log-probabilities differ by {gap:.1e} at most")
    if parted:
        gaps = [parting(model, sources[i], ours[i], theirs[i]) for i in parted]
        print(f"  the others part where two tokens are {max(gaps):.1e} nats apart at most")
    print(f"  {sum(len(target) == longest for target in ours)} reach the limit")

    alpha, length = BEAM.length_penalty, median(map(len, ours))
    exponent = alpha * length / (length + 5)
    ours, scores, _ = decode(model, given, BEAM, longest, False)
    theirs, peers, _ = peer.translate(
        translator, sources, BEAM.beam_width, longest, length_penalty=exponent, **rows
    )
    lengths = np.array([len(target) for target in theirs])
    peers = np.array(peers) * lengths**exponent / ((5 + lengths) / 6) ** alpha
    parted = [i for i in range(len(ours)) if ours[i] != theirs[i]]
    better = sum(scores[i] > peers[i] for i in parted)
    print(f"beam 4: {len(ours) - len(parted)} of {len(ours)} targets are the same")
    print(f"  by our ranking ours is the better in {better} of the other {len(parted)}")
    print(f"  mean scores by our ranking: {scores.mean():.4f} ours, {peers.mean():.4f} theirs")
    print(f"  tokens a target: {fmean(map(len, ours)):.2f} ours, {lengths.mean():.2f} theirs")
    return exponent


def parting(model, source: list[int], ours: list[int], theirs: list[int]) -> float:
    """Returns by how much our model prefers our token to theirs where two targets part."""
    step = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b)
    given = batches([source], 1, 1)[0]
    target = tf.constant([[ks.SpecialTokens().start, *ours[:step]]])
    logits = np.array(model({**given, "target": target}, training=False))[0, step]
    return float(abs(logits[ours[step]] - logits[theirs[step]]))
