"""Summarization: a text in, its gist in a line out; words that are rare are copied from the text.

Data: `sample` (bundled: names and docstrings of Python functions, under BSD and ISC licenses, whose
summary is their first sentence, which the source lacks), `debian` (33,700 descriptions of packages
and their synopses, fetched), `manpages` (3,800 manual pages of up to 2,500 words and what their
NAME lines say, which the pages lack; fetched), or a file of yours: TSV, CSV or JSONL with columns
`source` and `target`, or two parallel text files joined by a comma. A split of your own: --train,
--validation and --test.

    python recipes/summarization.py --steps 1000                   # the bundled sample
    python recipes/summarization.py --data debian --too-long cut --minutes 40
    python recipes/summarization.py --data debian --too-long cut --minutes 40 --no-copy
    python recipes/summarization.py --data manpages --model transformer --whole \
        --max-length 4096 --too-long cut --batch-tokens 8192 --minutes 40
    python recipes/summarization.py --data my.tsv --init saved_models/summarization/pipeline

The model mixes what it generates with words that it copies (--no-copy: it generates all). A loss
can keep it from repeating itself (--coverage 1). Long texts are read whole, with memory that grows
with their length and not with its square (--whole). Scores are ROUGE-1, 2 and L beside those of the
first sentence, cut to 12 words, of the summary of the nearest training text, and of the 12 words of
one sentence that match the reference best, which no model can know.
"""

import kseq2seq as ks
from kseq2seq import cli, corpora, data, metrics, text
from kseq2seq.baselines import best_sentences, first_sentences, nearest_targets

DATA = "sample, debian, manpages or FILE"
KNOWN = {"sample": corpora.gists, "debian": corpora.synopses, "manpages": corpora.manual_pages}
METRICS = {"ROUGE-1": metrics.rouge1, "ROUGE-2": metrics.rouge2, "ROUGE-L": metrics.rougeL}
WORDS = 12  # of an extract
TRANSFORMER = {"num_heads": 4, "tie_embeddings": "all"}
SMOKE = {  # recurrent networks summarize within seconds, Transformers take minutes
    "model": "luong",
    "minutes": None,
    "steps": 160,
    "learning_rate": 0.01,
    "batch_tokens": 1024,
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
    sizes |= {"attention": "chunked"} if options.whole else {}
    model = ks.build_model(options.model, tokenizer, tokenizer, **sizes)
    source = text.TextSource(tokenizer, options.max_length)
    target = text.TextTarget(tokenizer, options.summary_length)
    return ks.Pipeline(model, source, target, ks.Beam(4, length_penalty=1.0))


def near(train: data.Corpus, sources: list[str]) -> list[str]:
    """Returns of each source whether it nearly repeats one of training, as the name of a group."""
    found = corpora.near_duplicates(sources, (pair.source for pair in train))
    print(f"{len(found)} of {len(sources)} test sources nearly repeat one of training.")
    return ["near one of training" if n in found else "others" for n in range(len(sources))]


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
        too_long=("error", "cut"),
        longest="--max-length or --summary-length",
    )
    add, own = recipe.flags.add, {"of_model": True}
    add("model", "--no-copy", action="store_true", help="generate every word", **own)
    loss = {"type": cli.weight, "default": 0.0, "metavar": "WEIGHT"}
    add("model", "--coverage", **loss, help="weight of the loss against repetition", **own)
    add("model", "--whole", action="store_true", help="a transformer reads long texts", **own)
    longest = {"type": cli.whole, "default": 32, "metavar": "N"}
    add("text", "--summary-length", **longest, help="the most tokens of a summary", **own)
    options = recipe.begin()
    if options.whole and options.model != "transformer" and not options.init:
        recipe.flags.refuse(f"--whole is for --model transformer; got {options.model}")
    splits = recipe.corpora(read)
    pipeline = recipe.pipeline(summarizer, splits["train"])
    validation, test = recipe.held_out(pipeline, splits)

    recipe.fit(pipeline, splits, validation, label_smoothing=0.05)

    sources = [pair.source for pair in test]
    targets = [pair.target for pair in test]
    recipe.evaluate(
        pipeline,
        test,
        baselines={
            "the first sentence": first_sentences(sources, WORDS),
            "the nearest text's summary": nearest_targets(splits["train"], sources),
        },
        ceilings={"12 words of one sentence": best_sentences(sources, targets, WORDS)},
        groups=near(splits["train"], sources),
    )
    summarize = recipe.export(pipeline)  # written, loaded again, given a raw text
    recipe.finish(sources[0], summarize(sources[0]))


if __name__ == "__main__":
    main()
