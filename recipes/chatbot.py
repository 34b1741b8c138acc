"""Dialogue: the turns of a conversation in, the next one out."""

from itertools import chain

import kseq2seq as ks
from kseq2seq import cli, corpora, data, metrics, text

DATA = "sample, chitchat or FILE"
KNOWN = {"chitchat": corpora.chitchat}


def read(name: str, columns: list[str]):
    return data.named_pairs(name, columns, known=KNOWN)


def chatbot(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    options = recipe.options
    tokenizer = cli.make_tokenizer(options, (pair.target for pair in train), symbols=[text.TURN])
    model = ks.build_model(options.model, tokenizer, tokenizer, **recipe.sizes())
    source = text.TurnsSource(tokenizer, options.max_length)
    target = text.TextTarget(tokenizer, options.answer_length)
    return ks.Pipeline(model, source, target, ks.Beam(8))


def with_unknown(train: data.Corpus) -> data.Corpus:
    """Adds one answer in eight again, after nothing: so p(answer) is learned beside p(answer | turns)."""
    again = (pair._replace(source="") for number, pair in enumerate(train) if number % 8 == 0)
    return data.Corpus.write(chain(train, again))


def main() -> None:
    models = cli.architectures("transformer")
    recipe = cli.Recipe(
        "chatbot",
        __doc__,
        data=DATA,
        models=models,
        metrics={"BLEU": metrics.bleu, "chrF": metrics.chrf},
        without=["too_long"],
        defaults={"data": "chitchat", "max_length": 64},
    )
    recipe.flags.add("text", "--answer-length", type=cli.whole, default=32, help="tokens")
    options = recipe.begin()
    parts = recipe.corpora(read)
    parts["train"] = with_unknown(parts["train"])
    pipeline = recipe.pipeline(chatbot, parts["train"])
    validation, test = recipe.held_out(pipeline, parts)

    def fitting(pairs):
        lengths = pipeline.target.ids([p.target for p in pairs]).row_lengths().numpy()
        return [p for p, length in zip(pairs, lengths) if length <= options.answer_length]

    test = fitting(test)
    some = fitting(parts["validation"])[:500]
    print(len(test), sum(len(p.target.split()) for p in test))

    def perplexity(pairs=some):
        sources, targets = zip(*(pair[:2] for pair in pairs))
        return metrics.word_perplexity(pipeline.log_probs(sources, targets), targets)

    recipe.fit(
        pipeline, parts, validation, label_smoothing=0.0, measures={"perplexity": perplexity}
    )
    print("test perplexity", perplexity(test))


if __name__ == "__main__":
    main()
