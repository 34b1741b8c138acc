"""SavedModels of a trained model: signatures of texts and of ids, and the requests to warm up."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

import kseq2seq as ks


@pytest.fixture(scope="module")
def pipeline(translator):
    return translator("transformer")


@pytest.fixture(scope="module")
def directory(pipeline, tmp_path_factory):
    directory = tmp_path_factory.mktemp("saved_model") / "served"
    pipeline.export(directory)
    return directory


@pytest.fixture(scope="module")
def served(directory):
    return tf.saved_model.load(str(directory))


def ids_of(pipeline, texts):
    inputs = pipeline.source(texts)
    lengths = tf.reduce_sum(tf.cast(inputs["source_mask"], tf.int32), axis=1)
    return {"source": inputs["source"], "source_length": lengths}


def test_signatures(served):
    names = {"greedy", "beam", "sample"}
    assert set(served.signatures) == {
        *names,
        *(f"{name}_ids" for name in names),
        "serving_default",
    }


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("name", ["greedy_ids", "beam_ids"])
def test_ids_give_what_decode_does(pipeline, served, translator, name, jit_compile):
    search = ks.Greedy() if name == "greedy_ids" else pipeline.search
    signature = tf.function(served.signatures[name], jit_compile=jit_compile)
    for texts in (translator.sources[:3], translator.sources[5:7]):
        made = signature(**ids_of(pipeline, texts))
        wanted = ks.decode(pipeline.model, pipeline.source(texts), search, max_length=24)
        assert made["ids"].numpy().tolist() == wanted.ids.numpy().tolist()
        assert np.allclose(made["scores"], wanted.scores, atol=1e-4)
        assert made["finished"].dtype == tf.bool
        assert made["finished"].numpy().tolist() == wanted.finished.numpy().tolist()


def test_padding_beyond_the_length_is_not_looked_at(pipeline, served, translator):
    given = ids_of(pipeline, translator.sources[:2])
    given["source"] = tf.pad(given["source"], [[0, 0], [0, 3]], constant_values=7)
    made = served.signatures["greedy_ids"](**given)["ids"][:, 0]
    texts = [text.decode() for text in pipeline.target.texts(made).numpy()]
    assert texts == translator.targets[:2]


def test_sampling_takes_its_settings_with_each_call(pipeline, served, translator):
    texts = tf.constant(translator.sources)

    def draw(temperature=1.0, top_k=0, top_p=1.0, seed=0):
        made = served.signatures["sample"](
            texts=texts,
            temperature=tf.constant(temperature),
            top_k=tf.constant(top_k),
            top_p=tf.constant(top_p),
            seed=tf.constant(seed),
        )
        return made["texts"].numpy().tolist()

    greedy = served.signatures["greedy"](texts=texts)["texts"].numpy().tolist()
    assert draw(top_k=1) == draw(top_p=1e-6) == draw(temperature=1e-4) == greedy
    wild = {"temperature": 3.0}
    assert draw(seed=1, **wild) == draw(seed=1, **wild)
    assert draw(seed=1, **wild) != draw(seed=2, **wild)
    own = pipeline.texts(translator.sources, search=ks.Sample(temperature=3.0), seed=1)
    assert [row[0].decode() for row in draw(seed=1, **wild)] == own


def test_blank_texts_give_blank_texts(served):
    made = served.signatures["beam"](texts=tf.constant(["", "un deux"]))
    assert made["texts"].numpy()[0].tolist() == [b""] * 3
    assert made["scores"].numpy()[0].tolist() == [0.0, -np.inf, -np.inf]
    assert made["finished"].numpy().all()
    assert made["texts"].numpy()[1, 0] == b"two one"


def untrained(architecture):
    from kseq2seq.text import ByteTokenizer, TextSource, TextTarget

    tokenizer = ByteTokenizer()
    model = ks.build_model(architecture, tokenizer, tokenizer, hidden_dim=8)
    return ks.Pipeline(model, TextSource(tokenizer, 8), TextTarget(tokenizer, 6))


def test_no_texts_give_no_texts(tmp_path):
    searches = {"greedy": ks.Greedy(), "beam": ks.Beam(3)}
    untrained("gru").export(tmp_path / "served", searches=searches, warm_up=())
    served = tf.saved_model.load(str(tmp_path / "served"))
    for name in ("greedy", "beam"):
        made = served.signatures[name](texts=tf.constant([], tf.string))
        assert made["texts"].shape[0] == made["scores"].shape[0] == 0


def test_warm_up_requests_are_what_signatures_take(directory, served):
    (path,) = directory.glob("assets.extra/tf_serving_warmup_requests")
    asked = {}
    for record in tf.data.TFRecordDataset(str(path)):
        ((_, request),) = fields(dict(fields(record.numpy()))[6])
        inputs = {}
        for number, content in fields(request):
            if number == 1:
                name = dict(fields(content))[3].decode()
            else:
                entry = dict(fields(content))
                tensor = tf.compat.v1.make_tensor_proto([0]).FromString(entry[2])
                inputs[entry[1].decode()] = tf.constant(tf.make_ndarray(tensor))
        asked[name] = inputs
    assert set(asked) == {"serving_default", "greedy", "beam", "sample"}
    for name, inputs in asked.items():
        assert served.signatures[name](**inputs)["texts"].shape[0] == 2


def fields(message):
    """The fields of a protocol buffer whose values all are bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        assert key & 7 == 2
        length, at = varint(message, at)
        yield key >> 3, message[at : at + length]
        at += length


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"searches": {"x": ks.Greedy(), "x_ids": ks.Greedy()}}, ValueError, "'x_ids'"),
        ({"searches": {"x": "greedy"}}, ValueError, "'greedy'"),
        ({"warm_up": "un deux"}, ValueError, "Put it in a list"),
        ({"warm_up": ["un " * 40]}, ValueError, "limit is 24"),
    ],
)
def test_bad_settings_are_refused(pipeline, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        pipeline.export(tmp_path / "x", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_left_alone(pipeline, tmp_path):
    (tmp_path / "notes").write_text("keep me")
    with pytest.raises(FileExistsError, match="notes"):
        pipeline.export(tmp_path / "notes", searches={"greedy": ks.Greedy()})
    assert (tmp_path / "notes").read_text() == "keep me"


def test_settings_out_of_range_are_taken_as_the_nearest(served, translator):
    def draw(temperature, top_p):
        return served.signatures["sample"](
            texts=tf.constant(translator.sources[:3]),
            temperature=tf.constant(temperature),
            top_k=tf.constant(0),
            top_p=tf.constant(top_p),
            seed=tf.constant(0),
        )["texts"].numpy()[:, 0]

    greedy = [target.encode() for target in translator.targets[:3]]
    assert draw(0.0, 1.0).tolist() == draw(-1.0, 2.0).tolist() == draw(1.0, 0.0).tolist() == greedy


def test_every_search_can_be_served_again_and_again(tmp_path):
    pipeline = untrained("luong")
    searches = {
        "covering": ks.Beam(3, coverage_penalty=0.2, n_best=2),
        "diverse": ks.DiverseBeam(4, 2),
        "contrastive": ks.Contrastive(3),
    }
    for warm_up, kept in ((None, {"before": ks.Greedy()}), ((), searches)):
        pipeline.export(tmp_path / "x", searches=kept, warm_up=warm_up)
        assert (tmp_path / "x" / "assets.extra").exists() == (warm_up is None)
    served = tf.saved_model.load(str(tmp_path / "x"))
    assert "before" not in served.signatures
    for name, search in searches.items():
        made = served.signatures[name](texts=tf.constant(["abc", "de"]))["texts"].numpy()
        wanted = pipeline(["abc", "de"], search=search)
        assert [row[0].decode() for row in made] == [prediction.text for prediction in wanted]


def test_a_directory_of_something_else_is_left_alone(pipeline, tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(ValueError, match=r"mine\.txt"):
        pipeline.export(tmp_path, searches={"greedy": ks.Greedy()})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
