"""What models are compared with: answers and scores that need no model."""

from kseq2seq.baselines.extracts import best_sentences, first_sentences
from kseq2seq.baselines.frequent_labels import FrequentLabels
from kseq2seq.baselines.kneser_ney import KneserNey
from kseq2seq.baselines.letter_alignment import LetterAlignment
from kseq2seq.baselines.letter_phones import LetterPhones
from kseq2seq.baselines.nearest_pictures import nearest_pictures
from kseq2seq.baselines.nearest_targets import nearest_targets
from kseq2seq.baselines.ngram_scorer import ngram_scorer

__all__ = [
    "FrequentLabels",
    "KneserNey",
    "LetterAlignment",
    "LetterPhones",
    "best_sentences",
    "first_sentences",
    "nearest_pictures",
    "nearest_targets",
    "ngram_scorer",
]
