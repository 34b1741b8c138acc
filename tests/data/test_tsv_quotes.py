import csv
import warnings

import pytest

from kseq2seq.data.readers import read_pairs


def read(tmp_path, text, **options):
    path = tmp_path / "c.tsv"
    path.write_text(text, newline="")
    return [pair[:2] for pair in read_pairs(path, **options)]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("header", [True, False])
def test_fields_that_a_writer_wrapped(tmp_path, quoting, header):
    rows = [(f"s{number}", f"t{number}") for number in range(500)]
    rows[300:304] = [
        ("two\nlines", "x"),
        ('say "hi"', "y"),
        ("z", "a\ttab"),
        ("u", 'three\n"q"\nv'),
    ]
    path = tmp_path / "c.tsv"
    with path.open("w", newline="") as file:
        csv.writer(file, "excel-tab", quoting=quoting).writerows(
            [("source", "target")] * header + rows
        )
    columns = {} if header else {"source": 0, "target": 1}
    assert [pair[:2] for pair in read_pairs(path, **columns)] == rows


NATURAL = [
    '"Hello" he said\tdit-il',
    '"Hello"\t"Bonjour"',
    'say "hi" now\tdis "salut"',
    '"Come here.\tViens.',
    'Right now."\tTout de suite.',
    '5" disk\tdisque 5"',
    '"\tguillemet',
    'x = "a"\t"""Set x."""',
]


def test_natural_text_stays_as_it_is(tmp_path):
    rows = [tuple(line.split("\t")) for line in NATURAL]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for some in [rows, rows[::-1], rows[:1], rows[1:2], rows[3:5], rows[5:6] * 50]:
            text = "".join(f"{source}\t{target}\n" for source, target in some)
            assert read(tmp_path, text, quoted=False, source=0, target=1) == some
    for some in [rows, rows[::-1], rows[:1], rows[1:2], rows[3:5], rows[5:6] * 50]:
        text = "source\ttarget\n" + "".join(f"{source}\t{target}\n" for source, target in some)
        assert read(tmp_path, text) == some


def test_a_spreadsheet_that_wraps_what_has_a_comma(tmp_path):
    wrapped = 'a\tb\n"Hello, you"\tSalut\nc\t"d, e"\n"f, g"\th\n'
    assert read(tmp_path, "source\ttarget\n" + wrapped)[1] == ("Hello, you", "Salut")
    spoken = wrapped.replace("a\tb", "a, b\tb")
    assert read(tmp_path, "source\ttarget\n" + spoken)[1] == ('"Hello, you"', "Salut")


def test_doubt_is_told_of(tmp_path):
    text = "source\ttarget\n" + '"a" b\tc\n' * 3 + '"say ""hi"" to"\td\n'
    with pytest.warns(UserWarning, match=r"1 lines look as if .* line 5; .*`quoted=True`"):
        assert read(tmp_path, text)[-1] == ('"say ""hi"" to"', "d")
