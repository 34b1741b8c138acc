"""Corpora of the recipes: fetched once through a package manager, or bundled."""

from kseq2seq.corpora.asterisk import asterisk
from kseq2seq.corpora.brown import brown
from kseq2seq.corpora.chitchat import chitchat, chitchat_topics, sample_chitchat
from kseq2seq.corpora.cmudict import cmudict, cmudict_sample
from kseq2seq.corpora.duplicates import near_duplicates
from kseq2seq.corpora.emoji import emoji_sample, noto_emoji
from kseq2seq.corpora.fetching import fetched
from kseq2seq.corpora.functions import functions, sample_functions
from kseq2seq.corpora.gists import gists
from kseq2seq.corpora.manifests import manifest
from kseq2seq.corpora.manual_pages import manual_pages
from kseq2seq.corpora.pictures import pictures
from kseq2seq.corpora.python_tokens import python_tokens
from kseq2seq.corpora.scenes import scenes
from kseq2seq.corpora.speech import languages_of, speech
from kseq2seq.corpora.stamps import stamps
from kseq2seq.corpora.synopses import synopses
from kseq2seq.corpora.text_lines import sample_lines, text_lines
from kseq2seq.corpora.transcripts import spoken
from kseq2seq.corpora.tuxpaint import tuxpaint

__all__ = [
    "asterisk",
    "brown",
    "chitchat",
    "chitchat_topics",
    "cmudict",
    "cmudict_sample",
    "emoji_sample",
    "fetched",
    "functions",
    "gists",
    "languages_of",
    "manifest",
    "manual_pages",
    "near_duplicates",
    "noto_emoji",
    "pictures",
    "python_tokens",
    "sample_chitchat",
    "sample_functions",
    "sample_lines",
    "scenes",
    "speech",
    "spoken",
    "stamps",
    "synopses",
    "text_lines",
    "tuxpaint",
]
