"""Python's layout: the filter accepts what Python's tokenizer and parser do, and no more."""

import ast
import io
import itertools
import tokenize

import numpy as np
import pytest
import tensorflow as tf

from kseq2seq import Beam, Greedy, build_model, decode
from kseq2seq.corpora import sample_functions
from kseq2seq.decoding import PythonLayout
from kseq2seq.decoding.search import Live, Request
from kseq2seq.special_tokens import SPECIAL_TOKENS
from kseq2seq.text import ByteTokenizer, SentencePieceTokenizer, line_breaks

SPECIAL = ["", "", "", ""]
END = SPECIAL_TOKENS.end
BRACKETS = dict(zip(")]}", "([{", strict=True))


def allowed(rule, rows, limit=60):
    """Whether each row of ids, closed by the end, may be written token by token."""
    given = {name: tf.constant(array) for name, array in rule.given().items()}
    size = len(rule.texts)
    limits = tf.fill([len(rows)], limit) if isinstance(limit, int) else tf.constant(limit)
    request = Request(limits, None, None, None, None, limit, 1, size, 0, False, SPECIAL_TOKENS)

    @tf.function(reduce_retracing=True)
    def step(last, number, state):
        live = Live(number, last[:, None], last)
        filtered = rule.apply(tf.zeros([len(rows), size]), live, state, given, request)
        return tf.math.is_finite(filtered.log_probs), filtered.state

    width = max(map(len, rows))
    ids = np.array([[*row, *[END] * (width - len(row))] for row in rows], "int32")
    ends = np.array([len(row) for row in rows])
    state, last = rule.start(given, request), tf.fill([len(rows)], SPECIAL_TOKENS.start)
    fine = np.ones(len(rows), bool)
    for number in range(width):
        may, state = step(last, tf.constant(number), state)
        fine &= may.numpy()[np.arange(len(rows)), ids[:, number]] | (number >= ends)
        last = tf.constant(ids[:, number])
    return fine


def laid_out(text):
    """Whether Python reads brackets, strings, blocks and levels of four spaces in a text.

    The tokens are those of the standard library's tokenizer, which is in Python. The blocks are
    read by the parser, in a text whose lines are `if a:` for those that end with a colon, else `a`.
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text + "\n").readline))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return False
    stack, skeleton, line, level = [], [], [], 0
    for token in tokens:
        kind, string = token.type, token.string
        if kind == tokenize.ERRORTOKEN:
            return False
        if kind == tokenize.INDENT and len(string) != 4 * (level + 1):
            return False
        level += (kind == tokenize.INDENT) - (kind == tokenize.DEDENT)
        if kind == tokenize.OP and string in "([{":
            stack.append(string)
        elif (
            kind == tokenize.OP
            and string in BRACKETS
            and not (stack and stack.pop() == BRACKETS[string])
        ):
            return False
        if kind == tokenize.NEWLINE:
            if line:
                skeleton.append("    " * level + ("if a:" if line[-1] == ":" else "a"))
            line = []
        elif kind not in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT):
            line.append(string)
    try:
        ast.parse("\n".join(skeleton))
    except SyntaxError:
        return False
    return bool(skeleton) and not stack


@pytest.mark.parametrize(
    "pieces",
    [
        ("a", "(", ")", "]):", "[", ":", "\n", "\n    ", ":\n    ", "    "),
        ("a", "'", '"', "''", "('", "\\", "#", "\n", ")"),
        ("a", '"', '""', '"""', "\\", "\n", "):"),
        ("a:", "    ", "\n", "\n        ", "a", "#"),
        ("((", "(", ")", "):", "))", "\n    ", "a"),
    ],
)
def test_accepts_exactly_what_python_reads(pieces):
    rule = PythonLayout([*SPECIAL, *pieces], levels=4)
    rows = [
        row
        for length in range(1, 5 + (len(pieces) == 7))
        for row in itertools.product(range(4, 4 + len(pieces)), repeat=length)
    ]
    texts = ["".join(rule.texts[token] for token in row) for row in rows]
    fine = allowed(rule, [[*row, END] for row in rows])
    wrong = [
        (text, bool(may))
        for text, may in zip(texts, fine, strict=True)
        if may != laid_out(text) and not stranger(text)
    ]
    assert not wrong, wrong[:5]
    assert 20 < fine.sum() < len(rows) / 2


def test_a_piece_that_opens_more_brackets_than_are_counted_is_refused():
    rule = PythonLayout([*SPECIAL, "a", "(" * 16, "[" * 40, "(" * 15, ")"])
    rows = [[5, *[8] * 16], [6, 4], [7, *[8] * 15], [7, 7], [7, 4, *[8] * 15]]
    assert allowed(rule, [[*row, END] for row in rows]).tolist() == [
        False,
        False,
        True,
        False,
        True,
    ]


def stranger(text):
    """Whether a text has what the filter refuses by its description, and Python reads."""
    lines = text.split("\n")
    deep = any(line[:1] == " " and line.strip()[:1] in ("", "#") for line in lines)
    return deep or "\\\n" in text


def tokenizers():
    texts = [text for pair in sample_functions() for text in pair[:2]]
    yield ByteTokenizer(symbols=line_breaks())
    yield ByteTokenizer()
    yield SentencePieceTokenizer.train(
        texts, 700, normalization="identity", symbols=line_breaks(), character_coverage=1.0
    )


@pytest.fixture(scope="module", params=range(3))
def tokenizer(request):
    return list(tokenizers())[request.param]


def test_never_forbids_real_code(tokenizer):
    code = [pair.target for pair in itertools.islice(sample_functions(), 0, None, 6)]
    code += [ast.unparse(ast.parse(laid)) for laid in CODE]
    rows = [[*row, END] for row in tokenizer.tokenize(code).to_list()]
    fine = allowed(PythonLayout.for_tokenizer(tokenizer), rows, limit=2000)
    assert fine.all(), code[int(fine.argmin())]


CODE = (
    "def f(a=(1, [2]), *b):\n  if a:\n    for c in b:\n      while c: yield {c: ']'}\n  return ''",
    "def g():\n  def h():\n    return f'(' + \"'\"\n  class C:\n    x: int = 1\n  return h()[:2]",
    "async def f():\n  try:\n    await g(lambda x: '''a\n\"b''')\n  except E as e:\n    raise",
    "def f():\n  x = 'a\\\\'\n  y = b'\\'('\n  z = ''\n  return ''.join(x, '\\\\\"', r'\\d(')",
)


def test_round_trips_white_space(tokenizer):
    texts = [*CODE, " a", "\n\n  a\t\n", "    a\n        b", "if x:\n\ty"]
    back = [text.decode() for text in tokenizer.detokenize(tokenizer.tokenize(texts)).numpy()]
    assert back == texts


@pytest.mark.parametrize("search", [Greedy(), Beam(3)])
def test_closes_everything_within_the_limit(search):
    pieces = ["a", "(", "[", "{", ")", "]", "}", "'", '"', "\n", "    ", ":", "if a:", "pass", "#"]
    rule = PythonLayout([*SPECIAL, *pieces], levels=2, depth=4)
    model = build_model("gru", source=20, target=len(rule.texts), hidden_dim=8)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.normal(size=weight.shape) * 2)
    texts = set()
    for limit in range(2, 14):
        ids = rng.integers(4, 20, size=(3, 5))
        found = decode(model, ids, search, max_length=14, limits=[limit] * 3, filters=[rule])
        assert (found.lengths.numpy()[:, 0] > 0).all()
        for row in found.ids.numpy()[:, 0]:
            texts.add("".join(rule.texts[token] for token in row))
    assert all(laid_out(text) or stranger(text) for text in texts), texts
    assert len(texts) > 5


def test_settings_and_messages():
    rule = PythonLayout([*SPECIAL, "a"])
    with pytest.raises(ValueError, match="for 5 tokens, but the model has 6"):
        rule.check(6, 10, SPECIAL_TOKENS)
    with pytest.raises(ValueError, match="`max_length` must be at least"):
        rule.check(5, 1, SPECIAL_TOKENS)
    with pytest.raises(ValueError, match="`indent` must be spaces or tabs"):
        PythonLayout(rule.texts, indent="--")
    with pytest.raises(ValueError, match="`depth` must be at most 15"):
        PythonLayout(rule.texts, depth=16)
