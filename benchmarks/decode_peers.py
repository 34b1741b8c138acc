"""Decoding beside CTranslate2: the same trained weights, the same held-out sentences.

`decode.py --peers --pipeline DIR` runs it. Sentences are decoded to their end token, sorted by
length; batches of 64 are full on both sides, single sentences wait for the one before. CTranslate2
is tried in every compute type and division of the cores, we as a graph and compiled by XLA (its
sources padded to multiples of 8, to compile but a few lengths), one batch at a time or one for each
core; the fastest of each are then timed
in turn. Each side's tokens are those of its own best targets, their ends included. Loading,
compiling and making strings or tensors of ids are not timed.
"""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import fmean, median

import kseq2seq as ks

# isort: split
import tensorflow as tf
from ctranslate2_peer import CTranslate2
from decode_agreement import BEAM, GREEDY, agreement
from decode_sentences import ROWS, batches, decode, held_out

tf.get_logger().setLevel("ERROR")  # or it warns that XLA compiles each length, as it is meant to

LENGTHS = 8  # sources are padded to a multiple of it for XLA
REST = 0.1  # seconds, in which the threads of the other side fall asleep
CASES = {
    "greedy_1": (GREEDY, 1),
    "greedy_64": (GREEDY, ROWS),
    "beam4_1": (BEAM, 1),
    "beam4_64": (BEAM, ROWS),
}


def compare(directory: str, corpus: str, quick: bool) -> None:
    """Prints agreement, speeds and ratios."""
    pipeline = ks.Pipeline.load(directory)
    count, runs = (ROWS, 3) if quick else (4 * ROWS, 9)
    sources, longest = held_out(pipeline, corpus, count), pipeline.target.max_length
    tokens = fmean(len(source) for source in sources)
    print(f"{len(sources)} held-out sources of {tokens:.1f} tokens, targets of at most {longest}")
    ratios = {}
    with CTranslate2() as peer, tempfile.TemporaryDirectory() as folder:
        peer.write_model(pipeline.model, Path(folder))
        translators = load_all(peer, Path(folder))
        exponent = agreement(pipeline.model, peer, next(iter(translators)), sources, longest)
        print(f"\n{'':<11}{'':<28}{'ms a sentence':>14}{'tokens/s':>10}   medians of {runs}")
        for name, (search, rows) in CASES.items():
            some = sources if rows > 1 else sources[::4]
            run_ours, run_peer = runners(
                pipeline.model, peer, some, search, rows, exponent, longest
            )
            kinds = {
                (jit, workers): f"kseq2seq {kind} x{workers}"
                for jit, kind in ((False, "graph"), (True, "XLA"))
                for workers in sorted({1, os.cpu_count() or 1})
            }
            spent, peers = trial(run_ours, kinds), trial(run_peer, translators)
            plain = [key for key in peers if " float32 " in translators[key]]
            chosen = {
                "ours": (run_ours, min(spent, key=spent.get), kinds),
                "float32": (run_peer, min(plain, key=peers.get), translators),
                "fastest": (run_peer, min(peers, key=peers.get), translators),
            }
            speeds = in_turn({side: partial(*pair) for side, (*pair, _) in chosen.items()}, runs)
            for side, (milliseconds, speed) in speeds.items():
                _, choice, labels = chosen[side]
                cells = f"{milliseconds:>14.2f}{speed:>10,.0f}"
                print(f"{name:<11}{labels[choice]:<28}{cells}", flush=True)
            ratios[name] = {side: speeds["ours"][1] / speeds[side][1] for side in speeds}
    print()
    for name in ("greedy_64", "beam4_64", "greedy_1", "beam4_1"):
        print(f"ratio decode_peer_{name} {ratios[name]['float32']:.2f} goal 1.00")
    print(f"ratio decode_peer_fastest_greedy_64 {ratios['greedy_64']['fastest']:.2f} goal 1.00")


def runners(model, peer, sources, search, rows, exponent, longest):
    """Returns what decodes the sources on our side, and on theirs: choice -> targets, seconds."""
    given = {jit: batches(sources, rows, LENGTHS if jit else 1) for jit in (False, True)}

    def ours(choice):
        jit, workers = choice
        found, _, seconds = decode(model, given[jit], search, longest, jit, workers)
        return found, seconds

    def theirs(translator):
        penalty = 0 if search == GREEDY else exponent
        found, _, seconds = peer.translate(
            translator, sources, search.beam_width, longest, batch_size=rows, length_penalty=penalty
        )
        return found, seconds

    return ours, theirs


def load_all(peer: CTranslate2, folder: Path) -> dict[int, str]:
    """Loads each compute type with each division of the cores; float32 comes first."""
    cores, translators = os.cpu_count() or 1, {}
    for kind in peer.ask("compute_types")["compute_types"]:
        for inter, intra in dict.fromkeys([(1, cores), (cores, 1), (1, 1)]):
            number, real = peer.load(folder, kind, (inter, intra))
            label = f"CTranslate2 {real} {inter}x{intra}"
            if label not in translators.values():  # "int8" is another name of "int8_float32"
                translators[number] = label
    return translators


def trial(run: Callable, choices: dict) -> dict:
    """Returns the shortest of three runs of each choice, after one that compiles or warms up."""
    for choice in choices:
        run(choice)
    time.sleep(REST)
    return {choice: min(run(choice)[1] for _ in range(3)) for choice in choices}


def in_turn(sides: dict, runs: int) -> dict[str, tuple[float, float]]:
    """Returns each side's milliseconds a sentence and tokens a second, medians."""
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    found = {}
    for _ in range(runs):
        for side, run in sides.items():
            time.sleep(REST)
            found[side], spent = run()
            seconds[side].append(spent)
    return {
        side: (1e3 * median(spent) / len(found[side]), sum(map(len, found[side])) / median(spent))
        for side, spent in seconds.items()
    }
