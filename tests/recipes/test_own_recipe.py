"""The recipe that recipes/README.md shows, as its reader would run it on a split of their own."""

import json
import re
from pathlib import Path

from kseq2seq import Greedy, Pipeline, cli

README = Path(__file__).parents[2] / "recipes" / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_recipe_of_the_readme_trains_scores_exports_and_reloads(tmp_path, monkeypatch, capsys):
    rows = [f"open file {n} now" for n in range(300)]
    test = [f"{'Open file 1 now. ' * 2}Open file {n}." for n in range(290, 330)]
    for name, texts in (("train", rows), ("test", [*rows[:3], *test])):
        lines = ["words\tnote", *(f"{text}\tx" for text in texts)]
        (tmp_path / f"{name}.tsv").write_text("\n".join(lines), encoding="utf-8")
    output = tmp_path / "out"
    command = "reversal.py --smoke --steps 2 --model gru --hidden-dim 8 --tokenizer characters"
    command += " --max-length 24 --too-long split --tflite --language ko --columns words note"
    files = ["--train", tmp_path / "train.tsv", "--test", tmp_path / "test.tsv"]
    command = [*command.split(), *files, "--output", output]
    monkeypatch.setattr("sys.argv", list(map(str, command)))
    (code,) = BLOCK.findall(README.read_text(encoding="utf-8"))
    exec(compile(code, "reversal.py", "exec"), {"__name__": "reversal"})

    said = capsys.readouterr().out
    assert "WARNING: 3 of 43 test pairs are train pairs, too" in said
    assert "Left out" not in said  # whose sentences are short enough
    rows = ("copying the source ", f"{cli.SHUFFLED} ", "Beam(beam_width=4")
    assert re.search("".join(rf"\n{re.escape(row)}.*" for row in rows), said)
    assert f"model.tflite: {(output / 'model.tflite').stat().st_size:,} bytes" in said
    assert "WARNING: no better than copying the source by " in said
    settings = json.loads((output / "run.json").read_text(encoding="utf-8"))["settings"]
    assert (settings["language"], settings["data"], settings["tflite"]) == ("ko", None, "float32")
    pipeline = Pipeline.load(output / "pipeline")
    assert pipeline.target.tokenizer.kind == "characters"
    tail = said.partition("\nThe reloaded export, raw text in and out:\n")[2].splitlines()
    assert tail[1] == f"  = {pipeline.texts(tail[0][2:])[0]}"
    assert tail[4] == f"  = {pipeline.texts(tail[0][2:], search=Greedy())[0]}"
    assert tail[6].endswith("model.tflite (for phones)")
