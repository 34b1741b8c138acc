"""Translation: raw sentence pairs in, one exported translator out.

Data: `sample` (bundled, 12,000 English-French interface texts under BSD and MIT licenses; also
`sample:de`, `sample:ko`), `fields` (the same and 2,000 texts more with format fields, `%s` or
`{name}`), `debian:fr` (60,000 sentences of package descriptions, fetched; also `debian:de`,
`debian:it`, ...), or a file of yours: TSV, CSV or JSONL with columns `source` and `target`, or two
parallel text files joined by a comma. A split of your own: --train, --validation and --test, each
such a file. One model of several languages: `sample:fr+de+ko`, a language and a name for each,
`fr=my-fr.tsv+de=my-de.tsv`, or a file with a column `language`, `--columns source target language`;
then a text names its language, `<2fr>Save the file`.

    python recipes/translation.py --steps 1500                     # the bundled sample
    python recipes/translation.py --data debian:fr --minutes 40    # see the README for scores
    python recipes/translation.py --data debian:fr --minutes 40 --packed --bfloat16    # faster
    python recipes/translation.py --data sample:fr+de+ko --temperature 5    # one model of three
    python recipes/translation.py --data fields:fr --fields        # format fields stay as they are
    python recipes/translation.py --data my.tsv --init saved_models/translation/pipeline
    python recipes/translation.py --resume saved_models/translation    # after a kill or Ctrl-C
    python -m kseq2seq.runs saved_models --sort bleu               # compares what you ran

Training ends after `--steps` or `--minutes`, whichever comes first; after 10 minutes where neither
is given. Minutes are those of training: compiling comes before and is counted apart.
"""

import kseq2seq as ks
from kseq2seq import cli, data, metrics, text

DATA = "sample[:fr|de|ko], fields:fr, debian:LANG, sample:fr+ko, fr=NAME+de=NAME or FILE"
# Short texts alone, of which a small model learns something in seconds.
SMOKE = {"steps": 400, "minutes": None, "max_length": 10, "vocabulary": 800, "hidden_dim": 64}
SMOKE |= {"dropout": 0.0, "batch_tokens": 512}
FIELDS = {"fields kept": metrics.kept_placeholders, "fields the same": metrics.same_placeholders}


def languages(train: data.Corpus) -> list[str]:
    """Returns the languages that texts ask for; "" is that of texts without a symbol."""
    return list(data.by_language(train))


def translator(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """One vocabulary for all languages, so that names and numbers are the same tokens."""
    options = recipe.options
    symbols = [text.language_symbol(language) for language in languages(train) if language]
    pairs = text.hidden_pairs(train) if options.fields else train
    tokenizer = cli.make_tokenizer(
        options,
        (side for pair in pairs for side in pair[:2]),
        [*symbols, *(text.FIELD_SYMBOLS if options.fields else ())],
    )
    model = ks.build_model(options.model, tokenizer, tokenizer, **recipe.sizes())
    source = text.TextSource(tokenizer, options.max_length, fields=options.fields)
    target = text.TextTarget(tokenizer, options.max_length)
    return ks.Pipeline(model, source, target)


def shown(names: set[str]) -> str:
    return ", ".join(sorted(names)) if names != {""} else "one language, without a symbol"


def main() -> None:
    models = cli.architectures("transformer")
    recipe = cli.Recipe("translation", __doc__, data=DATA, models=models, smoke=SMOKE)
    recipe.flags.add(
        *("training", "--temperature"),
        type=cli.positive,
        default=1.0,
        metavar="T",
        help="of several languages: above 1, small ones are trained on more often",
    )
    recipe.flags.add(
        *("text", "--fields"),
        action="store_true",
        of_model=True,
        help="translate around the fields that programs fill in, %%s or {name}, and keep each",
    )
    options = recipe.begin()
    if options.temperature < 1:
        recipe.flags.refuse(f"--temperature must be at least 1; got {options.temperature}")
    corpora = recipe.corpora(data.translations)
    pipeline = recipe.pipeline(translator, corpora["train"])
    known, asked = set(pipeline.source.languages or [""]), set(languages(corpora["train"]))
    if options.init and asked - known:
        recipe.flags.refuse(f"--init has a model of {shown(known)}; the data is of {shown(asked)}")
    if options.temperature > 1 and len(asked) == 1:
        recipe.flags.refuse("--temperature weighs several languages; the data is of one")
    validation, test = recipe.held_out(pipeline, corpora)

    if pipeline.source.fields:  # which the pipeline hides and shows itself in all but training
        corpora["train"] = data.Corpus.write(text.hidden_pairs(corpora["train"]))
    if options.temperature > 1:
        parts = data.by_language(corpora["train"])
        corpora["train"] = data.mixed(parts, temperature=options.temperature)
    recipe.fit(pipeline, corpora, validation, peak=4e-3 if options.smoke else 2e-3)

    sources = [pair.source for pair in test]
    copies = {"copying the source": [text.without_language(raw) for raw in sources]}
    groups = [text.language_of(raw) for raw in sources]
    texts = recipe.evaluate(pipeline, test, baselines=copies, groups=groups)
    if pipeline.source.fields:
        recipe.shares(FIELDS, {"translations": texts}, sources)

    translate = recipe.export(pipeline)  # written, loaded again, given a raw sentence
    recipe.finish(sources[0], translate(sources[0]))


if __name__ == "__main__":
    main()
