"""Corpora: readers, splits, spooling to disk, and batches of a few static shapes."""

from kseq2seq.data.after_nothing import also_after_nothing
from kseq2seq.data.alignment import Aligner
from kseq2seq.data.alternatives import with_alternatives
from kseq2seq.data.bad_lines import BadLine
from kseq2seq.data.batches import eval_batches, train_batches
from kseq2seq.data.buckets import bucket_fill as bucket_fill
from kseq2seq.data.buckets import bucket_table, fit_buckets, padding_share
from kseq2seq.data.conll import conll_pairs
from kseq2seq.data.corpus import Corpus
from kseq2seq.data.debian import debian
from kseq2seq.data.labeled import LabeledPairs
from kseq2seq.data.languages import by_language, translations
from kseq2seq.data.masking import mask_tokens, masked_batches
from kseq2seq.data.mixture import mixed
from kseq2seq.data.named import OwnSplits as OwnSplits
from kseq2seq.data.named import named_pairs, own_splits, split_corpora
from kseq2seq.data.packing import fit_row, packed_batches
from kseq2seq.data.pairs import Example, Pair
from kseq2seq.data.places import keyed, place_of
from kseq2seq.data.readers import pairs_from, read_pairs
from kseq2seq.data.records import pair_dataset as pair_dataset
from kseq2seq.data.records import write_pairs as write_pairs
from kseq2seq.data.sample import sample
from kseq2seq.data.shared import shared_pairs
from kseq2seq.data.split import fold_of, select, split_of, unique
from kseq2seq.data.survey import Survey, survey
from kseq2seq.data.word_labels import one_label_a_word
from kseq2seq.data.word_vectors import WordVectors, read_word_vectors
from kseq2seq.data.writing import read_examples, write_examples
from kseq2seq.deprecation import moved

__getattr__ = moved(__name__, {"Problem": "kseq2seq.data.BadLine"})

__all__ = [
    "Aligner",
    "BadLine",
    "Corpus",
    "Example",
    "LabeledPairs",
    "Pair",
    "Survey",
    "WordVectors",
    "also_after_nothing",
    "bucket_table",
    "by_language",
    "conll_pairs",
    "debian",
    "eval_batches",
    "fit_buckets",
    "fit_row",
    "fold_of",
    "keyed",
    "mask_tokens",
    "masked_batches",
    "mixed",
    "named_pairs",
    "one_label_a_word",
    "own_splits",
    "packed_batches",
    "padding_share",
    "pairs_from",
    "place_of",
    "read_examples",
    "read_pairs",
    "read_word_vectors",
    "sample",
    "select",
    "shared_pairs",
    "split_corpora",
    "split_of",
    "survey",
    "train_batches",
    "translations",
    "unique",
    "with_alternatives",
    "write_examples",
]
