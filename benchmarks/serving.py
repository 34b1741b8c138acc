"""How many texts a minute one pipeline answers, beside the SavedModel of the same model.

    python benchmarks/serving.py [--quick]

A Transformer (2 + 2 layers, width 128, SentencePiece of 2,000 pieces, random weights) answers
sentences of the bundled sample as a server does: one text a request, greedy, at most 24 tokens;
first one request at a time, then sixteen threads on the one object. `Pipeline` and the SavedModel's
signature "greedy" take turns, and both see every text once before they are timed. A third row asks
the pipeline for another temperature with each request, as a chat server's clients do.
"""

import argparse
import itertools
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import kseq2seq as ks

# isort: split
import keras
import tensorflow as tf

from kseq2seq.text import SentencePieceTokenizer, TextSource, TextTarget

THREADS = (1, 16)
PIECES, TOKENS = 2000, 24


def untrained_pipeline(texts: list[str]) -> ks.Pipeline:
    keras.utils.set_random_seed(0)
    tokenizer = SentencePieceTokenizer.train(texts, PIECES)
    model = ks.build_model(
        "transformer",
        source=tokenizer,
        target=tokenizer,
        hidden_dim=128,
        num_layers=2,
        num_heads=4,
    )
    source, target = TextSource(tokenizer, 128), TextTarget(tokenizer, TOKENS)
    return ks.Pipeline(model, source, target, ks.Greedy())


def per_minute(answer, texts: list[str], threads: int) -> float:
    """Returns how many texts a minute so many threads have answered, one by one."""
    began = time.perf_counter()
    if threads == 1:
        for text in texts:
            answer(text)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(answer, texts))
    return 60 * len(texts) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    count, rounds = (64, 3) if options.quick else (400, 5)

    sample = [pair.source for pair in ks.data.sample("fr")]
    pipeline = untrained_pipeline(sample)
    texts = [text for text in sample if 0 < len(text) <= 120][:count]
    with tempfile.TemporaryDirectory() as directory:
        pipeline.export(directory, "saved_model", searches={"greedy": ks.Greedy()}, warm_up=[])
        served = tf.saved_model.load(directory)
    greedy, numbers = served.signatures["greedy"], itertools.count()

    def sampled(text: str) -> str:
        search = ks.Sample(temperature=0.5 + next(numbers) % 1000 / 1000, top_p=0.9)
        return pipeline([text], search=search)[0].text

    answers = {
        "Pipeline": lambda text: pipeline([text])[0].text,
        "SavedModel": lambda text: greedy(texts=tf.constant([text]))["texts"].numpy()[0, 0],
        "Pipeline, a temperature each": sampled,
    }
    cases = list(itertools.product(THREADS, answers))
    for name, answer in answers.items():
        few = texts[:8] if name not in ("Pipeline", "SavedModel") else texts
        per_minute(answer, few, 1)  # traces
    speeds: dict = {case: [] for case in cases}
    for _ in range(rounds):
        for threads, name in cases:
            some = texts[: len(texts) // 4] if name.endswith("each") else texts
            speeds[threads, name].append(per_minute(answers[name], some, threads))
    print(f"texts/minute, medians of {rounds}\n{'threads':>7}")
    for (threads, name), each in speeds.items():
        print(f"{threads:>7}  {name:<30}{median(each):>9,.0f}")
    for threads in THREADS:
        ours, theirs = (median(speeds[threads, name]) for name in ("Pipeline", "SavedModel"))
        print(f"ratio serving_{threads}_threads {ours / theirs:.2f} goal 0.80")
    each = median(speeds[1, "Pipeline, a temperature each"])
    print(f"ratio serving_settings {each / median(speeds[1, 'Pipeline']):.2f} goal 0.80")


if __name__ == "__main__":
    main()
