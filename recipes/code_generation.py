"""Code: the summary of a docstring in, a Python function out; or the other way round.

Data: `sample` (bundled: one-line functions of packages under BSD and MIT licenses), `python`
(21,000 short functions of the running Python's standard library and of 29 fetched packages under
BSD, MIT and Apache licenses; read as text, nothing of them is installed), both without functions
that another one repeats but for its names, and with those of one module in one split; or a file of
yours: JSONL, CSV or TSV with columns `docstring` and `code` and, for such a split, a third one.
White space is exact in both directions: a line break with its indentation is one token.

    python recipes/code_generation.py --data python --minutes 40 --packed
    python recipes/code_generation.py --data python --minutes 40 --packed --copy \
        --direction docstring
    python recipes/code_generation.py --data my.jsonl --columns summary function module

Generated code is parsed and never run. It is scored beside that of the training example whose
source is nearest, and a second time with a filter that closes brackets and strings and indents
blocks, which the exported files have. BLEU of code is of names, numbers and single signs.
"""

import kseq2seq as ks
from kseq2seq import cli, data, metrics, text
from kseq2seq.baselines import nearest_targets
from kseq2seq.corpora import functions, sample_functions
from kseq2seq.decoding import PythonLayout

DATA = "sample, python or FILE"
KNOWN = {"sample": sample_functions, "python": functions}
CODE = {
    "exact": metrics.exact_match,
    "edit": metrics.edit_similarity,
    "BLEU": metrics.code_bleu,
}
DOCSTRING = {"chrF": metrics.chrf, "BLEU": metrics.bleu}
MODELS = cli.architectures("transformer")
MODELS["luong"] |= {"bidirectional": True}
COPYING = ("transformer", "luong", "bahdanau")
SMOKE = {  # recurrent networks write code within seconds, Transformers take minutes
    "model": "luong",
    "copy": True,
    "steps": 190,
    "minutes": None,
    "hidden_dim": 64,
    "batch_tokens": 768,
    "learning_rate": 0.01,
    "max_length": 30,
}
SHARES = {
    "parsed": metrics.parsed,
    "blank": metrics.blank,
    "only pass": metrics.pass_bodies,
}


def coder(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """One vocabulary for both sides, so that a name is the same tokens in words and in code."""
    options = recipe.options
    texts = (side for pair in train for side in pair[:2])
    tokenizer = cli.make_tokenizer(options, texts, symbols=text.line_breaks(), exact=True)
    sizes = recipe.sizes() | ({"copy": True} if options.copy else {})
    model = ks.build_model(options.model, tokenizer, tokenizer, **sizes)
    source = text.TextSource(tokenizer, options.max_length)
    target = text.TextTarget(tokenizer, options.max_length)
    return ks.Pipeline(model, source, target)


def main() -> None:
    recipe = cli.Recipe(
        "code_generation",
        __doc__,
        data=DATA,
        models=MODELS,
        defaults={"columns": ["docstring", "code"], "vocabulary": 4000},
        smoke=SMOKE,
        too_long=("error", "cut"),
    )
    recipe.flags.add(
        "data", "--direction", choices=("code", "docstring"), default="code", help="what is written"
    )
    copied = "tokens of the source are copied, too: names stand in docstrings and in code"
    recipe.flags.add("model", "--copy", action="store_true", help=copied, of_model=True)
    options = recipe.begin()
    if options.copy and options.model not in COPYING:
        recipe.flags.refuse(f"--copy is for --model {', '.join(COPYING)}; got {options.model}")
    to_code = options.direction == "code"
    recipe.metrics = CODE if to_code else DOCSTRING

    def read(name, columns):
        for pair in data.named_pairs(name, columns, KNOWN):
            yield pair if to_code else pair._replace(source=pair.target, target=pair.source)

    corpora = recipe.corpora(read)
    pipeline = recipe.pipeline(coder, corpora["train"])
    validation, test = recipe.held_out(pipeline, corpora)

    recipe.fit(pipeline, corpora, validation)

    sources = [pair.source for pair in test]
    baselines = {"the nearest example's": nearest_targets(corpora["train"], sources)}
    filters, written = [], {}
    if to_code:
        filters = [PythonLayout.for_tokenizer(pipeline.target.tokenizer)]
        free = "without the filter"
        if not options.smoke:
            written[free] = recipe.evaluate(pipeline, test, baselines, name=free.capitalize())
    written["as exported"] = recipe.evaluate(pipeline, test, baselines, filters=filters)
    recipe.shares(SHARES if to_code else {"blank": metrics.blank}, written)

    write = recipe.export(pipeline, filters)  # written, loaded again, given a raw text
    recipe.finish(sources[0], write(sources[0]))


if __name__ == "__main__":
    main()
