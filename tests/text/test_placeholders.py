import pytest
import sentencepiece

from kseq2seq.text import SentencePieceTokenizer
from kseq2seq.text.normalization import messages
from kseq2seq.text.placeholders import FIRST, Placeholders

CORPUS = ["the quick brown fox", "나는 학교에 갑니다", "name and name __ ＡＡ"] * 5


def trained(symbols, kind="unigram"):
    return SentencePieceTokenizer.train(CORPUS, 320, kind, symbols=symbols)


def test_other_programs_read_the_symbols_in_the_model():
    tokenizer = trained(["<user>", "<ko>"], "bpe")
    library = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.model)
    assert [library.id_to_piece(token) for token in (4, 5)] == ["<user>", "<ko>"]
    texts = ["<user>the fox<ko> 나는", "<ko><user>", "a <ko> b"]
    ids = tokenizer.tokenize(texts).to_list()
    assert ids == library.encode(texts)
    assert [t.decode() for t in tokenizer.detokenize(ids_of(ids)).numpy()] == library.decode(ids)


def ids_of(rows):
    import tensorflow as tf

    return tf.ragged.constant(rows, tf.int32, ragged_rank=1)


def test_a_symbol_stays_whole_where_its_parts_score_higher():
    """The library adds up scores, and draws: it cuts what it was told to keep."""
    texts = ["name __ name __ __"] * 50 + CORPUS
    tokenizer = SentencePieceTokenizer.train(texts, 300, symbols=["__name__"])
    for sample in (False, True):
        rows = tokenizer.tokenize(["__name__"] * 50, sample).to_list()
        assert all(row.count(4) == 1 for row in rows)


def test_letters_that_become_a_symbol_are_none():
    """ "Ａ" is normalized to "A", which is learned as a piece, and the symbol is another."""
    tokenizer = trained(["A"])
    file = messages().ModelProto.FromString(tokenizer.model)
    assert file.pieces[4].piece == chr(FIRST)
    assert "A" in [piece.piece for piece in file.pieces[5:]]
    ids = tokenizer.tokenize(["A", "Ａ"]).to_list()
    assert 4 in ids[0] and 4 not in ids[1]
    back = tokenizer.detokenize(ids_of(ids)).numpy()
    assert [text.decode() for text in back] == ["A", "A"]
    again = SentencePieceTokenizer(tokenizer.model, ["A"])
    assert again.tokenize(["A", "Ａ"]).to_list() == ids


def test_a_text_with_a_placeholder_spells_no_symbol():
    tokenizer = trained(["<ko>"])
    ids = tokenizer.tokenize([f"a{chr(FIRST)}b"])
    assert 4 not in ids.to_list()[0]
    assert tokenizer.detokenize(ids).numpy()[0].decode() == "a\ufffdb"


def test_models_of_others_keep_the_symbols_they_are_asked_to(tmp_path):
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS * 4),
        model_prefix=str(tmp_path / "other"),
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=0,
        bos_id=1,
        eos_id=2,
        unk_id=3,
        user_defined_symbols=["<user>", "<ko>"],
        minloglevel=2,
    )
    model = (tmp_path / "other.model").read_bytes()
    library = sentencepiece.SentencePieceProcessor(model_proto=model)
    plain, one = SentencePieceTokenizer(model), SentencePieceTokenizer(model, ["<ko>"])
    assert (plain.symbols, one.symbols, one.symbol_ids) == ((), ("<ko>",), {"<ko>": 5})
    texts = ["<ko>the fox<user>"]
    assert plain.tokenize(texts).to_list() == library.encode(texts) == one.tokenize(texts).to_list()
    with pytest.raises(ValueError, match="user-defined pieces of the model; '<fr>' is none"):
        SentencePieceTokenizer(model, ["<fr>"])


def test_spaces_are_kept_apart_from_the_mark_that_stands_for_them():
    tokenizer = trained([" x", "▁x"])
    assert tokenizer.symbol_ids == {" x": 4, "▁x": 5}
    texts = ["a x▁x x"]
    assert tokenizer.detokenize(tokenizer.tokenize(texts)).numpy()[0].decode() == texts[0]


def test_host_and_graph_agree():
    placeholders = Placeholders(["<ko>", "<k", "\n"])
    texts = ["<ko><k\n", f"{chr(FIRST + 1)}<k", "", "나<k>"]
    assert [t.decode() for t in placeholders.hide(texts).numpy()] == list(
        map(placeholders.put, texts)
    )
