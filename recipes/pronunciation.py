"""Pronunciation: the letters of a word in, its phones out.

Data: `sample` (bundled, 8,000 short words that are pronounced by rule), `cmudict` (126,000 words,
names and abbreviations of the CMU pronouncing dictionary, fetched; ISC license), `cmudict:stems`
(the same, but no relative of a test word is trained on), or a file of yours with columns `source`
and `target`, for example "hello" and "HH AH L OW", and a line for each pronunciation of a word.
Letters of the dictionary are in lower case, and its stress is left out.

    python recipes/pronunciation.py --steps 1500                     # the bundled sample
    python recipes/pronunciation.py --data cmudict --minutes 40 --packed --bfloat16 --tflite int8
    python recipes/pronunciation.py --data cmudict --minutes 40 --packed --bfloat16 --seed 2 \
        --output saved_models/second --ensemble saved_models/pronunciation    # both together
    python -m kseq2seq_runtime saved_models/letters-to-phones/model.tflite hello

PER is the share of wrong phones, WER that of wrong words: a word is right if it equals any of its
listed pronunciations. Scores are of random words, of the dictionary then also of those among them
that share a stem with a word of the training data, and of those that do not. Those on `cmudict`:
saved_models/letters-to-phones/README.md.
"""

import kseq2seq as ks
from kseq2seq import cli, corpora, data, metrics, text
from kseq2seq.baselines import LetterPhones
from kseq2seq.corpora.cmudict import license_text, stem

KNOWN = {"sample": corpora.cmudict_sample, "cmudict": corpora.cmudict}
METRICS = {
    "PER": metrics.word_error_rate,
    "WER": lambda texts, references: 100 - metrics.exact_match(texts, references),
}
MODELS = {
    "transformer": {"num_heads": 4, "tie_embeddings": "target", "position_scheme": "rotary"},
    "luong": {"bidirectional": True},
    "bahdanau": {"bidirectional": True, "cell": "lstm"},
    "convolutional": {},
}
DEFAULTS = {"max_length": 30, "hidden_dim": 192, "dropout": 0.15, "batch_tokens": 3072}
SMOKE = {
    "steps": 240,
    "minutes": None,
    "learning_rate": 5e-3,
    "hidden_dim": 64,
    "dropout": 0.0,
    "batch_tokens": 1024,
}


def speaker(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """Each letter is a token of the source, each phone one of the target."""
    letters = text.CharacterTokenizer.train(pair.source for pair in train)
    phones = text.WordTokenizer.train(pair.target for pair in train)
    options = recipe.options
    model = ks.build_model(options.model, letters, phones, **recipe.sizes())
    source = text.TextSource(letters, options.max_length)
    target = text.TextTarget(phones, options.max_length)
    return ks.Pipeline(model, source, target)


def read(name, columns):
    """Returns words, each with all its pronunciations."""
    return data.with_alternatives(data.named_pairs(name, columns, KNOWN))


def related(corpus: dict[str, data.Corpus], words: list[str]) -> list[str]:
    """Returns of each word whether a word of training shares its stem, as the name of a group."""
    known = {stem(pair.source) for pair in corpus["train"]}
    return ["of known stems" if stem(word) in known else "of unknown stems" for word in words]


def read_aloud(train: data.Corpus, words: list[str]) -> dict[str, list[str]]:
    """Returns what needs no model: each letter as it mostly sounds, alone or in its context."""
    pairs = [(pair.source, pair.target) for pair in train]
    alone = LetterPhones(pairs)
    context = LetterPhones(pairs, 3, alone.alignment)
    return {
        "each letter's usual phones": alone(words),
        "usual phones in the longest known context": context(words),
    }


def main() -> None:
    recipe = cli.Recipe(
        "pronunciation",
        __doc__,
        data="sample, cmudict[:stems] or FILE",
        models=MODELS,
        metrics=METRICS,
        defaults=DEFAULTS,
        smoke=SMOKE,
        without=("tokenizer", "vocabulary"),
        too_long=("error", "cut"),
        validated=1000,
    )
    recipe.flags.add("model", "--ensemble", **cli.ENSEMBLE)
    options = recipe.begin()
    corpus = recipe.corpora(read)
    pipeline = recipe.pipeline(speaker, corpus["train"])
    validation, test = recipe.held_out(pipeline, corpus)

    ensemble = recipe.ensemble(pipeline, corpus)
    recipe.fit(pipeline, corpus, validation)

    words = [pair.source for pair in test]
    english = (options.data or "").partition(":")[0] in KNOWN
    groups = related(corpus, words) if english else []
    baselines = read_aloud(corpus["train"], words)
    recipe.evaluate(pipeline, test, baselines, groups=groups)
    if ensemble:
        name = f"Ensemble of {len(options.ensemble) + 1}"
        recipe.evaluate(ensemble, test, baselines, groups=groups, name=name)

    terms = license_text() if cli.trained_on(options) & KNOWN.keys() else None  # or its --init
    say = recipe.export(pipeline, license=terms)  # written, loaded again, given a raw word
    recipe.finish(words[0], say(words[0]))


if __name__ == "__main__":
    main()
