"""Every recipe's `--smoke`, as a user runs it: trains, beats a bound, exports, reloads.

A bound is a score of the held-out sample that a broken model can't reach; for error rates, which
are named with "<", one that it can't get below.
"""

import pytest

from kseq2seq.runs import less_is_better, read_runs
from tests.recipes.conftest import names

TABLE = {
    # recipe: (metric, bound)
    "chatbot": ("perplexity", 900.0),
    "code_generation": ("bleu", 12.0),
    "pronunciation": ("per", 30.0),
    "sequence_labeling": ("accuracy", 95.0),
    "summarization": ("rouge-1", 15.0),
    "translation": ("chrf", 27.0),
}


def test_every_recipe_is_in_the_table():
    assert set(names()) == TABLE.keys()


@pytest.mark.parametrize("recipe", TABLE)
def test_smoke_trains_beats_its_bound_exports_and_reloads(recipe, smoked):
    metric, bound = TABLE[recipe]
    output, done = smoked(recipe)
    assert done.returncode == 0, done.stderr
    others = [line for line in done.stderr.splitlines() if not line.startswith(f"{recipe}.py: ")]
    assert others == [], "TensorFlow's log reached the user"
    for line in ("Held-out pairs: ", "The reloaded export", "model.tflite says", "Saved in "):
        assert line in done.stdout
    (run,), _ = read_runs([output])
    score = run.record["scores"][metric]
    assert score < bound if less_is_better(metric) else score > bound, done.stdout
