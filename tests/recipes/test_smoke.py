"""Every recipe's `--smoke`, as a user runs it: trains, beats two bounds, exports, reloads.

The first bound is a score of the held-out sample that a broken model can't reach; for error rates
and losses, one that it can't get below. The second is the model's own score where each of its
answers is taken for that to another source: a model that does not look at its source is as good
there, whatever it knows of answers.
"""

import pytest

from kseq2seq.cli import SHUFFLED
from kseq2seq.runs import less_is_better, read_runs
from tests.recipes.conftest import names

TABLE = {
    # recipe: (metric, bound)
    "chatbot": ("perplexity", 290.0),
    "code_generation": ("BLEU", 28.0),
    "image_captioning": ("parts", 30.0),
    "pronunciation": ("PER", 30.0),
    "sequence_labeling": ("accuracy", 95.0),
    "speech_recognition": ("CER", 60.0),
    "summarization": ("ROUGE-1", 17.0),
    "text_recognition": ("CER", 70.0),
    "translation": ("chrF", 27.0),
}
BETTER = 1.2  # times


def test_every_recipe_is_in_the_table():
    assert set(names()) == TABLE.keys()


def blind(said, column):
    """The score of a model's own answers, each to another source: of the last table with it."""
    at = score = None
    for line in said.splitlines():
        cells = line[40:].split()
        if column in cells:
            at = cells.index(column)
        elif line.startswith(SHUFFLED):
            score = float(cells[at])
    return score


@pytest.mark.parametrize("recipe", TABLE)
def test_smoke_trains_beats_its_bounds_exports_and_reloads(recipe, smoked):
    metric, bound = TABLE[recipe]
    output, done = smoked(recipe)
    assert done.returncode == 0, done.stderr
    others = [line for line in done.stderr.splitlines() if not line.startswith(f"{recipe}.py: ")]
    assert others == [], "TensorFlow's log reached the user"
    for line in ("Held-out pairs: ", "The reloaded export", "model.tflite says", "Saved in "):
        assert line in done.stdout
    (run,), _ = read_runs([output])
    score = run.record["scores"][metric.lower()]
    without = blind(done.stdout, metric)
    if less_is_better(metric):
        assert score < bound and score * BETTER < without, done.stdout
    else:
        assert score > bound and score > without * BETTER, done.stdout
