"""Speech recognition: a recording in, what is said out.

Data: `sample` (bundled: short Italian prompts, CC-BY-3.0), `asterisk:LANG` (fetched: prompts of
telephone exchanges in en, es, fr, it or ru, half an hour each; second speakers it-menardi,
fr-armelle, es-co), `tuxpaint:LANG` (fetched: names of pictures in thirteen languages, GPL-2),
several of these joined by `+`, or your own recordings: a TSV, CSV or JSONL file with columns `path`
and `sentence`, as of Common Voice, or a `.trans.txt` file or folder, as of LibriSpeech.

    python recipes/speech_recognition.py --steps 1500                        # the bundled sample
    python recipes/speech_recognition.py --data asterisk:en --minutes 40 --interval
    python recipes/speech_recognition.py --data asterisk:en+es+fr+it+ru --fold 2 --head joint
    python recipes/speech_recognition.py --train asterisk:it --test asterisk:it-menardi
    python recipes/speech_recognition.py --data asterisk:it+it-menardi --closed
    python recipes/speech_recognition.py --data cv/validated.tsv --rate 16000 --mels 80
    python recipes/speech_recognition.py --init saved_models/speech_recognition --live talk.wav

One fifth of the wordings of `--data` is held out, `--fold` of five, whoever speaks them; `--train`
and `--test` may share wordings, which are then counted. CER and WER are the shares of wrong
characters and words. `--head ctc` also decodes with the n-grams of the training texts, `--head
joint` with CTC beside the decoder. `--closed` learns short wordings of several recordings, and
chooses among them. `--live` reads a file as if it were being recorded. Scores, and what so little
data can and cannot do: docs/speech.md.
"""

from functools import partial

import kseq2seq as ks
from kseq2seq import cli, corpora, data, decoding, heads, metrics, speech, text
from kseq2seq.baselines import KneserNey, nearest_texts, usual_text
from kseq2seq.corpora.closed import closed, of_known
from kseq2seq.corpora.speech import SPEECH
from kseq2seq.pipeline import choose

METRICS = {"WER": metrics.word_error_rate, "CER": metrics.character_error_rate}
MODELS = {"lstm": {}, "conformer": {"num_heads": 4}, "transformer": {"num_heads": 4}}
HEADS = {"ctc": "ctc", "decoder": "decoder", "joint": {"head": "joint", "weight": 0.3}}
DEFAULTS = {"columns": ["path", "sentence"], "tokenizer": "characters", "vocabulary": 500}
DEFAULTS |= {"max_length": 300, "hidden_dim": 160, "dropout": 0.2, "batch_tokens": 6000}
SMOKE = {"steps": 240, "minutes": None, "hidden_dim": 48, "layers": 1, "mels": 20, "dropout": 0.0}
SMOKE |= {"learning_rate": 1e-2, "batch_tokens": 4000}


def flags(recipe: cli.Recipe) -> None:
    """Adds the flags of the task."""
    add = recipe.flags.add
    own = partial(add, of_model=True)
    add("data", "--fold", type=cli.whole, default=1, help="the fifth of the wordings to test on")
    own("data", "--rate", type=cli.whole, default=8000, help="samples in a second")
    own("data", "--mels", type=cli.whole, default=40, help="bands of features")
    own("data", "--seconds", type=cli.positive, default=15.0, help="the longest recording")
    own("data", "--plain", action="store_true", help="train on recordings as they are")
    add("data", "--closed", action="store_true", help="short wordings that were recorded twice")
    own("model", "--head", choices=list(HEADS), default="ctc", help="what writes the text")
    own("model", "--stride", type=int, choices=(1, 2, 4, 8), default=4, help="frames to a position")
    add("output", "--live", metavar="FILE", help="to read as if someone were speaking it")


def recognizer(source: speech.AudioSource, recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """An encoder of frames, which convolutions shorten first, and a head that writes the text."""
    options = recipe.options
    tokenizer = cli.make_tokenizer(options, (example.target for example in train))
    target = text.TextTarget(tokenizer, options.max_length)
    sizes = {**recipe.sizes(), "stride": options.stride}
    dtype, name = sizes.pop("dtype"), options.model
    if name == "lstm":
        sizes["bidirectional"] = True
        if options.head != "ctc":  # Listen, Attend and Spell
            writer = {"architecture": "luong", "hidden_dim": options.hidden_dim}
            reader = {"architecture": "lstm", **sizes}
            name, sizes = "hybrid", {"encoder": reader, "decoder": writer}
    head = HEADS[options.head]
    model = ks.build_model(name, source, target, head=head, dtype=dtype, **sizes)
    return ks.Pipeline(model, source, target, None if options.head == "joint" else ks.Greedy())


def fused(recipe: cli.Recipe, pipeline: ks.Pipeline, test: list, said: list[str]) -> None:
    """Scores a beam with what helps the head: n-grams of the training texts, or CTC."""
    head, name, search, filters = pipeline.model.head, "By beam search", ks.Beam(8), []
    if isinstance(head, heads.Joint):
        name, search = "With CTC", ks.Beam(8, length_penalty=0.0)
        filters = [decoding.CtcPrefix(pipeline.model, 0.4)]
    elif isinstance(head, heads.Ctc):
        rows, name = pipeline.target.ids(said).to_list(), "With n-grams"
        filters = [decoding.NGrams(KneserNey.fit(rows, pipeline.target.size, 6), 0.4, bonus=0.8)]
    recipe.evaluate(pipeline, test, {}, name=name, search=search, filters=filters)


def main() -> None:
    recipe = cli.Recipe(
        "speech_recognition",
        __doc__,
        data=SPEECH,
        models=MODELS,
        metrics=METRICS,
        defaults=DEFAULTS,
        smoke=SMOKE,
        without=["packed"],
        kinds=(speech.AudioSource, text.TextTarget),
        longest="--seconds or --max-length",
    )
    flags(recipe)
    options = recipe.begin()
    if options.train and "fold" in recipe.flags.given:
        recipe.flags.refuse("--fold divides --data; with --train it has no effect")
    options.graph = True  # depthwise convolutions, recurrence and CTC are slower by XLA, on CPUs
    if options.live:
        options.init = options.init or options.output
        pipeline = recipe.pipeline(recognizer, None)
        with recipe.messages.errors(f"--live {options.live}"):
            return cli.listen(pipeline, options.live)

    vary = None if options.plain or options.smoke else speech.Augmentation()
    source = speech.AudioSource(options.rate, options.mels, options.seconds, augmentation=vary)
    divide = partial(data.fold_of, fold=options.fold)
    read = (lambda *name: closed(corpora.speech(*name))) if options.closed else corpora.speech
    parts = recipe.corpora(read, source, divide)
    pipeline = recipe.pipeline(partial(recognizer, source), parts["train"])
    validation, test = recipe.held_out(pipeline, parts)
    smoothing = 0.0 if type(pipeline.model.head) is heads.Ctc else 0.1
    peak = 3e-3 if options.model == "lstm" else 1.5e-3
    recipe.fit(pipeline, parts, validation, peak=peak, label_smoothing=smoothing)

    said = [example.target for example in parts["train"]]
    if options.closed:
        with recipe.messages.errors("--closed"):
            known = of_known(test, said)
        print(f"Wordings that were trained on: {len(known)} of {len(test)} test recordings.\n")
        test = known
    same = {"one text for all": [usual_text(said)] * len(test)}
    best = nearest_texts(said, [example.target for example in test])
    spoken = corpora.languages_of(options.data or "")
    groups = [spoken[example.target] for example in test] if spoken else []
    recipe.evaluate(pipeline, test, same, ceilings={"nearest training text": best}, groups=groups)
    fused(recipe, pipeline, test, said)
    if options.closed:
        found = choose(pipeline, [example.source for example in test], sorted({*said}))
        right = metrics.exact_match([one.text for one in found], [each.target for each in test])
        recipe.compare("Of the known wordings", {"chosen": {"right": right}})

    write = recipe.export(pipeline)  # written, loaded again, given raw samples
    recipe.finish(test[0].source, write(test[0].source))


if __name__ == "__main__":
    main()
