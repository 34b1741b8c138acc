"""Labeling: text in, a label for each word out, or with `--task label` one label for the whole.

Data: `sample` (bundled: lines of Python and the kinds of their tokens), `brown` (fetched: a million
words of English of 1961 and their parts of speech; for research and teaching), or a file of yours:
TSV, CSV or JSONL with columns `source` and `target`, with as many labels as words and spaces
between them; or a `.conll` file, a word and its label on each line.

    python recipes/sequence_labeling.py --steps 1500                  # the bundled sample
    python recipes/sequence_labeling.py --data brown --minutes 40     # see the README for scores
    python recipes/sequence_labeling.py --data brown --minutes 40 --crf
    python recipes/sequence_labeling.py --data brown --words pieces --model masked_lm --pretrain 10
    python recipes/sequence_labeling.py --data intents.tsv --task label

Words are read by an entry of their own and by their characters (`--words characters`), so that
words that training did not have are labeled by their spelling, or cut into learned pieces
(`--words pieces`). The default model is a bidirectional LSTM.
"""

import kseq2seq as ks
from kseq2seq import cli, data, metrics, text
from kseq2seq.corpora.brown import brown
from kseq2seq.heads import Label, Labels

DATA = "sample, brown or FILE"
ADVICE = "--data takes sample, brown, or a .tsv, .csv, .jsonl or .conll file."
KNOWN = {"brown": brown}
OTHERS = {"brown": ("other genres", "brown:unseen")}  # scored too, and never trained on
BOTH = {"bidirectional": True}
MODELS = {
    "lstm": BOTH,
    "gru": BOTH,
    "rnn": {},
    "convolutional": {"max_positions": 1024},
    "transformer": {"num_heads": 4},
    "masked_lm": {"num_heads": 4},
}


def labeler(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """An encoder of words, and a head that gives each of them a label, or all of them one."""
    options, whole = recipe.options, recipe.options.task == "label"
    sources, longest = (pair.source for pair in train), options.max_length
    if options.words == "characters":
        source = text.CharacterWordSource.train(
            sources, longest, vocabulary_size=options.vocabulary
        )
    else:
        source = text.WordSource(cli.make_tokenizer(options, sources), longest)
    target = text.LabelTarget.of((pair.target for pair in train), 1 if whole else longest, whole)
    head = Label() if whole else Labels(crf=options.crf)
    model = ks.build_model(options.model, source, target, head=head, **recipe.sizes())
    return ks.Pipeline(model, source, target)


def main() -> None:
    recipe = cli.Recipe(
        "sequence_labeling",
        __doc__,
        data=DATA,
        advice=ADVICE,
        models=MODELS,
        metrics={"accuracy": metrics.label_accuracy},
        defaults={"vocabulary": 20000, "max_length": 192, "layers": 1, "dropout": 0.3},
        without=["packed"],
    )
    add = recipe.flags.add
    add("model", "--task", choices=("labels", "label"), default="labels", help="of each word, or 1")
    add("model", "--words", choices=("characters", "pieces"), default="characters", help="how")
    add("model", "--crf", action="store_true", help="labels depend on their neighbors")
    options = recipe.begin()
    read = data.LabeledPairs(KNOWN, whole=options.task == "label")
    corpora = recipe.corpora(read)
    pipeline = recipe.pipeline(labeler, corpora["train"])
    validation, test = recipe.held_out(pipeline, corpora)

    recipe.fit(pipeline, corpora, validation, label_smoothing=0.0)

    frequent, endings = (metrics.FrequentLabels(corpora["train"], suffix=n) for n in (0, 5))
    groups = {"": test}
    if options.data in OTHERS:
        name, part = OTHERS[options.data]
        groups[name] = list(read(part))
    for name, examples in groups.items():
        sources = [pair.source for pair in examples]
        unseen = metrics.UnseenWords(sources, frequent.known)
        baselines = {
            "most frequent label of each word": frequent(sources),
            "most frequent label, or by ending": endings(sources),
        }
        recipe.evaluate(pipeline, examples, baselines, metrics={"unseen words": unseen}, name=name)

    label = recipe.export(pipeline)  # written, loaded again, given a raw sentence
    recipe.finish(test[0].source, label(test[0].source))


if __name__ == "__main__":
    main()
