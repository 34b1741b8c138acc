import json

from kseq2seq.data.readers import read_pairs


def test_what_json_leaves_open(tmp_path):
    lines = [
        '{"source": "a", "target": "b", "source": "c"}',
        '{"source": "a", "target": "b", "\\u0073ource": "c"}',
        '{"source": "say \\"source\\"", "target": "b", "n": NaN, "m": {"source": 1, "source": 2}}',
        '{"source": NaN, "target": "b"}',
        '{"source": ["a"], "target": "b"}',
        '{"source": "a\\u0000", "target": "b"}',
        '{"source": true, "target": "b"}',
        '{"source": "a", "target": ' + "1" * 5000 + "}",
        json.dumps({f"name{n}": n for n in range(100_000)}),
        '"text"',
        '{"source": "' + "x" * 2_000_000 + '", "target": "b"}',
    ]
    path = tmp_path / "c.jsonl"
    path.write_text("\ufeff" + "\n \n".join(lines))
    problems = []
    pairs = list(read_pairs(path, on_error=problems.append))
    assert [len(pair.source) for pair in pairs] == [12, 2_000_000]
    told = [problem.message for problem in problems]
    assert told[:2] == ["bad JSON: 'source' stands 2 times in the object"] * 2
    assert told[2] == "the source is float nan, expected text"
    assert told[3] == "the source is list ['a'], expected text"
    assert told[4] == "the source holds a NUL character"
    assert told[5] == "the source is bool True, expected text"
    assert told[6].startswith("bad JSON: ")
    assert told[7].endswith("... 99,990 more]") and len(told[7]) < 300
    assert told[8] == "expected a JSON object, got str"
    assert [problem.line for problem in problems] == [1, 3, 7, 9, 11, 13, 15, 17, 19]
