"""The recipes, one task each: `python -m kseq2seq.recipes.translation --help`.

In a checkout their files are in `recipes/`, beside the package; in a wheel they are here.
"""

from pathlib import Path

__path__.append(str(Path(__file__).parents[2] / "recipes"))
