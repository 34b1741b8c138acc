"""Dialogue: the turns of a conversation in, the next turn out; then talk to it in the terminal.

Data: `sample` (bundled: 5,221 answers in short turns of frequent words, MIT License), `chitchat`
(fetched: 129,943 answers in 7,168 conversations of students, MIT License; turns with contacts,
links, introductions by name or profane words are left out and counted), or a file of yours: TSV,
CSV or JSONL with columns `source` and `target`. A source has "<turn>" between turns, oldest first;
if it has more tokens than `--max-length`, its oldest turns are left out. A third column, named in
`--columns`, says which conversation an answer is from, as its first turn does without one: all
answers of a conversation are in one split.

    python recipes/chatbot.py --data chitchat --minutes 40 --layers 2 --bfloat16
    python recipes/chatbot.py --chat --init saved_models/chatbot    # /reset, /rerank, /quit

One answer in eight is learned a second time, after nothing, so the model knows how likely an answer
is anywhere. Answers are ranked by mutual information, log p(answer | turns) less a share of
log p(answer), which lowers those that suit everything. Perplexity is for each word and each end.
"""

from functools import partial

import kseq2seq as ks
from kseq2seq import cli, corpora, data, metrics, text
from kseq2seq.baselines import ngram_scorer
from kseq2seq.pipeline import mutual_information, rerank

KNOWN = {"sample": corpora.sample_chitchat, "chitchat": corpora.chitchat}
DISTINCT = {"distinct-1": metrics.distinct_1, "distinct-2": metrics.distinct_2}
ONE, MANY = (ks.Sample(temperature=0.8, top_p=0.9, samples=samples) for samples in (1, 16))
SMOKE = {"model": "luong", "steps": 250, "minutes": None, "hidden_dim": 64, "vocabulary": 1500}
SMOKE |= {"max_length": 40, "answer_length": 16, "batch_tokens": 1024, "learning_rate": 0.02}
SOME = 500  # held-out conversations that are answered, or whose answer is looked for


def read(name, columns):
    """Yields pairs whose key is their conversation: its first turn if the data does not say."""
    for pair in data.named_pairs(name, columns, KNOWN):
        first = pair.source.partition(text.TURN)[0]
        yield data.keyed(pair, first) if pair.key == pair.source else pair


def chatbot(recipe: cli.Recipe, train: data.Corpus) -> ks.Pipeline:
    """One vocabulary for what both say."""
    options = recipe.options
    said = (pair.target for pair in train)
    tokenizer = cli.make_tokenizer(options, said, symbols=[text.TURN])
    model = ks.build_model(options.model, tokenizer, tokenizer, **recipe.sizes())
    source = text.TurnsSource(tokenizer, options.max_length)
    return ks.Pipeline(model, source, text.TextTarget(tokenizer, options.answer_length), ks.Beam(8))


def fitting(pipeline: ks.Pipeline, pairs, most: int) -> tuple[list[str], list[str]]:
    """Returns sources and targets of at most so many pairs whose target is not too long."""
    kept = cli.scorable(pipeline.target, pairs, most)
    return [pair.source for pair in kept], [pair.target for pair in kept]


def best(scorer, sources: list[str], predictions) -> list[str]:
    """Returns the text that a scorer ranks first, of each prediction."""
    return [one.text for one in rerank(sources, predictions, [(scorer, 1.0)], own=0.0)]


def talk(pipeline: ks.Pipeline, informed) -> None:
    """Answers what is typed: drawn word by word or, after `/rerank`, the best of 16 answers."""

    def reranked(raw: str, seed: int) -> list[str]:
        return best(informed, [raw], pipeline([raw], search=MANY, seed=seed))

    def streamed(raw: str, seed: int):
        return pipeline.stream(raw, search=ONE, seed=seed)

    cli.chat(pipeline.source, {"/stream": streamed, "/rerank": reranked})


def predict(recipe: cli.Recipe, pipeline: ks.Pipeline, informed, train, test) -> None:
    """How likely are the true answers, and how often is the likeliest of 10 the true one?"""
    every, few = fitting(pipeline, test, len(test)), fitting(pipeline, test, SOME)
    counts = ngram_scorer(train, pipeline.target, before=lambda raw: raw.split(text.TURN)[-1])
    among = min(10, len({target.lower() for target in few[1]}))
    hits = partial(metrics.hits_at_1, among=among) if among > 1 else lambda *_: float("nan")
    table = {"by chance": {"hits@1": 100 / among, "hits@1-MMI": 100 / among}}
    others = pipeline.log_probs(cli.shuffled(every[0]), every[1])
    table[cli.SHUFFLED] = {"perplexity": metrics.word_perplexity(others, every[1])}
    for name, scorer in {"Kneser-Ney of order 5": counts, "the model": pipeline.log_probs}.items():
        table[name] = {
            "perplexity": metrics.word_perplexity(scorer(*every), every[1]),
            "hits@1": hits(metrics.per_word(scorer), *few),
        }
    table["the model"]["hits@1-MMI"] = hits(informed, *few)
    recipe.compare(f"Held-out pairs: {len(every[0])}", table)


def answer(recipe: cli.Recipe, pipeline: ks.Pipeline, informed, test) -> None:
    """How often do answers repeat one another?"""
    sources, targets = fitting(pipeline, test, SOME)
    found, drawn = pipeline(sources), pipeline(sources, search=MANY)
    texts = {
        "people": targets,
        "greedy": pipeline.texts(sources, search=ks.Greedy()),
        "beam": [one.text for one in found],
        "drawn": pipeline.texts(sources, search=ONE),
        "drawn, reranked": best(informed, sources, drawn),
        "beam, reranked": best(informed, sources, found),
    }
    recipe.shares(DISTINCT, texts)
    for index in range(0, len(sources), max(1, len(sources) // 6)):
        print(f"\n  {sources[index]}")
        for name in ("beam", "beam, reranked", "drawn, reranked", "people"):
            print(f"  = {texts[name][index]}  ({name})")


def main() -> None:
    recipe = cli.Recipe(
        "chatbot",
        __doc__,
        data="sample, chitchat or FILE",
        models=cli.architectures("transformer"),
        metrics=DISTINCT,
        defaults={"max_length": 64, "batch_tokens": 3072},
        smoke=SMOKE,
        without=["too_long", "interval"],
        kinds=(text.TurnsSource, text.TextTarget),
        longest="--max-length or --answer-length",
    )
    add, longest = recipe.flags.add, {"type": cli.whole, "default": 32, "of_model": True}
    add("text", "--answer-length", **longest, help="the most tokens of an answer")
    add("model", "--weight", type=cli.share, default=0.5, help="share of log p(answer) to subtract")
    add("output", "--chat", action="store_true", help="talk to --init, or --output")
    options = recipe.begin()
    if options.chat:
        options.init = options.init or options.output
    parts = {} if options.chat else recipe.corpora(read)
    pipeline = recipe.pipeline(chatbot, parts.get("train"))
    informed = metrics.per_word(mutual_information(pipeline, options.weight))
    if options.chat:
        return talk(pipeline, informed)
    validation, test = recipe.held_out(pipeline, parts)
    some = fitting(pipeline, validation, SOME)
    measures = {"perplexity": lambda: metrics.word_perplexity(pipeline.log_probs(*some), some[1])}
    train = {**parts, "train": data.also_after_nothing(parts["train"])}
    peak = 0.032 * options.hidden_dim**-0.5  # wider models learn at lower rates
    recipe.fit(pipeline, train, validation, peak=peak, label_smoothing=0.0, measures=measures)
    predict(recipe, pipeline, informed, parts["train"], test)
    answer(recipe, pipeline, informed, test)

    reply = recipe.export(pipeline)
    recipe.finish(test[0].source, reply(test[0].source))


if __name__ == "__main__":
    main()
