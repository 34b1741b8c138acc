from kseq2seq import Greedy, Pipeline, build_model
from kseq2seq.cli.exports import export_mobile
from kseq2seq.text import CharacterTokenizer, TextSource, TextTarget


def test_the_file_for_phones_is_opened_again_and_answers_as_the_pipeline_does(tmp_path):
    tokenizer = CharacterTokenizer("abcd")
    model = build_model("gru", tokenizer, tokenizer, hidden_dim=8)
    pipeline = Pipeline(model, TextSource(tokenizer, 6), TextTarget(tokenizer, 6))
    pipeline.examples = ["abc", "dab", "b"]
    opened = export_mobile(pipeline, tmp_path / "model.tflite", "float32")
    for text in pipeline.examples:
        assert opened(text) == pipeline.texts(text, search=Greedy())[0]
