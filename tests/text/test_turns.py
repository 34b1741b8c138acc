"""Conversations as sources: the newest turns are kept, in every way a model is run."""

import json

import kseq2seq_runtime
import numpy as np
import pytest
import tensorflow as tf
from kseq2seq_runtime import sources, tokenizers

import kseq2seq as ks
from kseq2seq.contracts import Source
from kseq2seq.text import TURN, ByteTokenizer, CharacterTokenizer, TextTarget, TurnsSource

BYTES = ByteTokenizer(symbols=[TURN])
RAWS = [
    "a<turn>b",
    "",
    "Hello!<turn>a<turn>b",
    "abcdefghij",
    "ab<turn>abcdefg",
    "abcdefg<turn>",
    "<turn><turn>abc",
    "abcde",
    "abcdef",
    "x<turn>abc",
    "xy<turn>abc",
    "x<turn>y<turn>z<turn>",
]


def newest(ids, longest, symbol):
    """The ids that are kept of a row: from the first turn whose rest fits, or the end alone."""
    begins = [0, *(place + 1 for place, token in enumerate(ids[:-2]) if token == symbol)]
    fitting = [begin for begin in begins if len(ids) - begin <= longest]
    return ids[fitting[0] :] if fitting else ids[-longest:]


@pytest.mark.parametrize("longest", range(1, 12))
def test_the_oldest_turns_are_left_out(longest):
    whole = TurnsSource(BYTES, 99).tokens(RAWS).to_list()
    source = TurnsSource(BYTES, longest)
    wanted = [newest(row, longest, BYTES.symbol_ids[TURN]) for row in whole]
    assert source.fitting(RAWS).to_list() == wanted
    assert max(map(len, wanted)) <= longest and all(row[-1] == 2 for row in wanted)
    inputs = source(RAWS)
    assert inputs["source_mask"].numpy().sum(axis=1).tolist() == list(map(len, wanted))
    rows, lengths, empty = source.prepare(tf.constant([source.pack(raw) for raw in RAWS]), longest)
    assert rows.to_list() == wanted and not empty.numpy().any()
    assert lengths.numpy().tolist() == list(map(len, whole))


def test_turns_are_joined():
    source = TurnsSource(BYTES, 16)
    assert source.several([["a", "b"], "c", ("d",)]) == ["a<turn>b", "c", "d"]
    assert source.several("a<turn>b") == ["a<turn>b"]
    assert source.read(["a", "b"]) == "a<turn>b"
    np.testing.assert_array_equal(source.batch([["a", "b"]]), [b"a<turn>b"])
    with pytest.raises(ValueError, match="must not hold '<turn>'"):
        source.joined(["a", "b<turn>c"])
    with pytest.raises(TypeError):
        source.joined(["a", 1])


def test_an_empty_conversation_is_a_source():
    source = TurnsSource(BYTES, 16)
    raws = tf.constant([""])
    assert not source.empty(raws, source.lengths(raws)).numpy().any()
    rows, lengths, _ = source.prepare(raws, 16)
    assert rows.to_list() == [[2]] and lengths.numpy().tolist() == [1]


def test_words_are_those_that_are_kept():
    letters = CharacterTokenizer("abcdefghijklmnopqrstuvwxyz ", symbols=[TURN])
    raw = "how are you<turn>fine"
    assert TurnsSource(letters, 99).words(raw) == [*"how are you", TURN, *"fine"]
    assert TurnsSource(letters, 6).words(raw) == [*"fine"]
    assert TurnsSource(letters, 4).words(raw) == [*"ine"]
    assert TurnsSource(letters, 6, "error").words(raw) == [*"fine"]  # a call may cut
    assert TurnsSource(BYTES, 6).words(raw) is None


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="symbols; got '<turn>', and it has none"):
        TurnsSource(ByteTokenizer(), 8)
    with pytest.raises(ValueError, match="'cut' or 'error'"):
        TurnsSource(BYTES, 8, too_long="split")
    source = TurnsSource(BYTES, 8, too_long="error")
    assert not source.splits and source.fitting(RAWS).to_list() == source.tokens(RAWS).to_list()


def test_it_is_saved_and_loaded(tmp_path):
    other = ByteTokenizer(symbols=["|"])
    for source in (TurnsSource(BYTES, 8), TurnsSource(other, 9, "error", turn="|")):
        source.save(tmp_path)
        again = Source.load(tmp_path)
        assert type(again) is TurnsSource
        assert (again.max_length, again.too_long, again.turn) == (
            source.max_length,
            source.too_long,
            source.turn,
        )


@pytest.fixture(scope="module")
def pipeline():
    """A model whose weights are spread, so that its answers depend on all that it reads."""
    model = ks.build_model("gru", BYTES, BYTES, hidden_dim=8, dropout=0.0)
    random = np.random.default_rng(3)
    for weight in model.weights:
        weight.assign(random.normal(scale=1.0, size=weight.shape))
    return ks.Pipeline(model, TurnsSource(BYTES, 6), TextTarget(BYTES, 8), ks.Greedy(), RAWS)


@pytest.mark.filterwarnings("ignore:.*longer than 6 tokens")
def test_every_file_answers_as_the_pipeline(pipeline, tmp_path):
    wanted = pipeline.texts(RAWS)
    assert len(set(wanted)) > 6
    assert wanted[2] == pipeline.texts([["a", "b"]])[0] == wanted[0]
    pipeline.save(tmp_path / "pipeline")
    assert ks.Pipeline.load(tmp_path / "pipeline").texts(RAWS) == wanted
    pipeline.export(tmp_path / "served", searches={"serving_default": ks.Greedy()})
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    texts = served(texts=tf.constant(RAWS))["texts"].numpy().reshape(-1)
    assert [text.decode() for text in texts] == wanted
    pipeline.export(tmp_path / "model.tflite", examples=RAWS[:3])
    phone = kseq2seq_runtime.Pipeline(tmp_path / "model.tflite")
    assert phone.texts(RAWS) == wanted
    assert phone.texts([["a", "b"]]) == wanted[:1]
    with pytest.raises(ValueError, match="must not hold '<turn>'"):
        phone.texts([["a<turn>b"]])


def test_a_file_of_conversations_is_cut_as_they_are(pipeline, tmp_path):
    raws = [raw for raw in RAWS if raw]
    (tmp_path / "said.txt").write_text("\n".join(raws) + "\n", encoding="utf-8")
    pipeline.generate_file(tmp_path / "said.txt", tmp_path / "answers.txt", progress=None)
    answers = (tmp_path / "answers.txt").read_bytes().decode()
    assert answers.count("\n") == len(raws)
    assert answers == "".join(f"{' '.join(text.splitlines())}\n" for text in pipeline.texts(raws))


def test_the_runtime_cuts_and_refuses_as_well():
    tokenizer = tokenizers.ByteTokenizer(symbols=[TURN])
    for longest in (2, 6, 9):
        phone = sources.TurnsSource(tokenizer, longest, cut=True)
        assert [phone(raw, "0") for raw in RAWS] == TurnsSource(BYTES, longest).fitting(
            RAWS
        ).to_list()
    phone = sources.TurnsSource(tokenizer, 6, cut=False)
    with pytest.raises(ValueError, match="Conversation 3 has 7 tokens"):
        phone("abcdef", "3")


def test_the_files_name_it(pipeline, tmp_path):
    pipeline.source.save(tmp_path)
    record = json.loads((tmp_path / "source.json").read_text())
    assert record["type"] == "turns" and record["too_long"] == "cut" and "turn" not in record
