import numpy as np
import pytest

from kseq2seq import Greedy, Pipeline, build_model
from kseq2seq.pipeline import Prediction, rerank
from kseq2seq.text import ByteTokenizer, TextSource, TextTarget


@pytest.fixture(scope="module")
def pipeline():
    tokenizer = ByteTokenizer()
    model = build_model("gru", tokenizer, tokenizer, hidden_dim=8)
    return Pipeline(model, TextSource(tokenizer, 40), TextTarget(tokenizer, 4), Greedy())


CALLS = {
    "call": lambda pipeline, texts: pipeline(texts),
    "texts": lambda pipeline, texts: pipeline.texts(texts),
    "phrases": lambda pipeline, texts: pipeline.phrases(texts),
    "sources to score": lambda pipeline, texts: pipeline.score(texts, ["a", "b"]),
    "targets to score": lambda pipeline, texts: pipeline.score(["a", "b"], texts),
    "log_probs": lambda pipeline, texts: pipeline.log_probs(["a", "b"], texts),
    "sources to evaluate": lambda pipeline, texts: pipeline.evaluate(texts, ["a", "b"]),
    "references": lambda pipeline, texts: pipeline.evaluate(["a", "b"], texts),
    "rerank": lambda pipeline, texts: rerank(texts, [Prediction("a", -1.0)] * 2, []),
}
LISTS = [name for name in CALLS if name not in ("call", "texts")]
OF_TEXTS = [name for name in CALLS if name != "rerank"]  # which hands sources of any kind on


@pytest.mark.parametrize("name", OF_TEXTS)
@pytest.mark.parametrize(
    ("texts", "kind", "message"),
    [
        (["fine", "bad \ud83d"], ValueError, "ext 1.* holds a lone surrogate at 4"),
        (["fine", None], TypeError, "ext 1.* must be a str; got NoneType"),
        (["fine", b"bytes"], TypeError, "ext 1.* must be a str; got bytes"),
        (["fine", 5], TypeError, "ext 1.* must be a str; got int"),
        (None, TypeError, "must be a list of "),
    ],
)
def test_what_is_no_text_is_refused_by_its_number(pipeline, name, texts, kind, message):
    with pytest.raises(kind, match=message):
        CALLS[name](pipeline, texts)


@pytest.mark.parametrize("name", LISTS)
def test_one_string_is_not_taken_for_its_letters(pipeline, name):
    with pytest.raises(ValueError, match=r"must be a list of .* one .*, 'ab'. Put it in a list"):
        CALLS[name](pipeline, "ab")


def test_a_stream_is_of_one_text(pipeline):
    with pytest.raises(ValueError, match="Text 0 holds a lone surrogate at 0"):
        pipeline.stream("\ud83d")
    with pytest.raises(TypeError, match="Text 0 must be a str; got list"):
        pipeline.stream(["a"])


def test_any_collection_of_strings_and_one_string_are_taken(pipeline):
    assert pipeline.texts("ab") == pipeline.texts(np.array(["ab"]))
    for texts in (("ab",), np.array(["ab"]), np.array(["ab"], object), iter(["ab"])):
        assert pipeline.phrases(texts) == pipeline.phrases(["ab"])


def test_evaluation_takes_several_references_and_names_its_tokenizer(pipeline):
    sources = ["a", "b"]
    scores = pipeline.evaluate(sources, [["今天天气很好", "天气好"], "你好"])
    assert scores["bleu"].signature.startswith("nrefs:var|") and "tok:zh" in str(scores)
    bounds = pipeline.evaluate(sources, ["今天", "你好"], interval=True)["chrf"].interval
    assert bounds.low <= bounds.high
    given = []
    metrics = {"own": lambda hypotheses, references: given.append(references) or 0.5}
    assert pipeline.evaluate(sources, (["x", "y"], "z"), metrics) == {
        "own": 0.5,
        "unfinished": 2,
    }
    assert given == [[["x", "y"], "z"]]
    with pytest.raises(ValueError, match="at least one source; got 0 sources"):
        pipeline.evaluate([], [])


@pytest.mark.parametrize(
    "call",
    [
        lambda pipeline, text: pipeline([text], too_long="cut"),
        lambda pipeline, text: pipeline.stream(text),
        lambda pipeline, text: pipeline.score([text], ["a"]),
    ],
)
def test_a_warning_that_a_text_was_cut_names_the_line_of_the_caller(pipeline, call):
    source = TextSource(pipeline.source.tokenizer, 40, too_long="cut")
    cutting = Pipeline(pipeline.model, source, pipeline.target, Greedy())
    with pytest.warns(UserWarning, match="1 of 1 sources are longer than 40 tokens") as caught:
        call(cutting, "a" * 50)
    assert caught[0].filename == __file__


def test_evaluation_names_the_limit_of_the_call(pipeline):
    with pytest.warns(UserWarning, match="cut at the limit of 2 tokens"):
        pipeline.evaluate(["a"], ["b"], max_length=2)
    with pytest.warns(UserWarning, match="cut at the limit of 4 tokens"):
        pipeline.evaluate(["a"], ["b"])
