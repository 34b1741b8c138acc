"""Summarization: a text in, its gist in a line out; words that are rare are copied from the text.

Data: `sample` (bundled: names and docstrings of Python functions, under BSD and ISC licenses, whose
summary is their first sentence, which the source lacks), `debian` (33,700 descriptions of packages
and their synopses, fetched), or a file of yours: TSV, CSV or JSONL with columns `source` and
`target`, or two parallel text files joined by a comma. A split of your own: --train, --validation
and --test.

    python recipes/summarization.py --steps 1000                   # the bundled sample
    python recipes/summarization.py --data debian --too-long cut --minutes 40
    python recipes/summarization.py --data debian --too-long cut --minutes 40 --no-copy
    python recipes/summarization.py --data my.tsv --init saved_models/summarization/pipeline

The model mixes what it generates with words that it copies (--no-copy: it generates all), and a
loss keeps it from repeating itself (--coverage 1; 0 for none). `--model transformer` does both,
too. Scores are ROUGE-1, 2 and L beside those of the first sentence, cut to 12 words, and of the
sentence that matches the reference best, which no model can know: it shows what extracts reach.
"""

import kseq2seq as ks
from kseq2seq import cli, corpora, data, metrics, text
from kseq2seq.baselines import best_sentences, first_sentences

DATA = "sample, debian or FILE"
KNOWN = {"sample": lambda _: corpora.gists(), "debian": lambda _: corpora.synopses()}
METRICS = {"ROUGE-1": metrics.rouge1, "ROUGE-2": metrics.rouge2, "ROUGE-L": metrics.rougeL}
WORDS = 12  # of an extract
TRANSFORMER = {"num_heads": 4, "tie_embeddings": "all"}
SMOKE = {
    "model": "transformer",
    "minutes": None,
    "steps": 500,
    "hidden_dim": 64,
    "vocabulary": 1000,
    "max_length": 48,
    "summary_length": 24,
    "too_long": "cut",
}


def read(name, columns):
    """Returns the pairs of a corpus by its name."""
    return data.named_pairs(name, columns, known=KNOWN)


def summarizer(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """One vocabulary for texts and summaries, so that any piece of a text can be copied."""
    options = recipe.options
    tokenizer = cli.make_tokenizer(options, (side for pair in train for side in pair[:2]))
    sizes = {"copy": not options.no_copy, "coverage": options.coverage, **recipe.sizes()}
    model = ks.build_model(options.model, tokenizer, tokenizer, **sizes)
    source = text.TextSource(tokenizer, options.max_length)
    target = text.TextTarget(tokenizer, options.summary_length)
    return ks.Pipeline(model, source, target, ks.Beam(4, length_penalty=1.0))


def main() -> None:
    models = {"bahdanau": {}, "luong": {"score": "concat"}, "transformer": TRANSFORMER}
    recipe = cli.Recipe(
        "summarization",
        __doc__,
        data=DATA,
        models=models,
        metrics=METRICS,
        defaults={"vocabulary": 6000, "max_length": 100, "layers": 1, "dropout": 0.2},
        smoke=SMOKE,
    )
    flags = recipe.flags
    flags.add("model", "--no-copy", action="store_true", help="generate every word")
    flags.add(
        "model", "--coverage", type=float, default=0.0, help="weight of the coverage loss; 0: none"
    )
    flags.add("text", "--summary-length", type=int, default=32, help="the most tokens of a summary")
    recipe.begin()
    splits = recipe.corpora(read)
    pipeline = recipe.pipeline(summarizer, splits["train"])
    validation, test = recipe.held_out(pipeline, splits)

    recipe.fit(pipeline, splits, validation, label_smoothing=0.05)

    sources = [pair.source for pair in test]
    targets = [pair.target for pair in test]
    recipe.evaluate(
        pipeline,
        test,
        baselines={"the first sentence": first_sentences(sources, WORDS)},
        ceilings={"the best sentence": best_sentences(sources, targets, WORDS)},
    )
    summarize = recipe.export(pipeline)  # written, loaded again, given a raw text
    recipe.finish(sources[0], summarize(sources[0]))


if __name__ == "__main__":
    main()
