from __future__ import annotations

from kseq2seq.corpora.synopses import described
from kseq2seq.data import Pair

PACKAGES = [
    {"Package": "goban", "Source": "goban (1.2-3)"},
    {"Package": "goban-data", "Source": "goban"},
    {"Package": "libreel-dev", "Source": "reel"},
    {"Package": "libreel1", "Source": "reel"},
    {"Package": "old"},
    {"Package": "brief"},
    {"Package": "twin"},
]
LONG = "It lays stones on a board.\n.\nFeatures:\n * plays over\n   the network"
ENGLISH = [
    {
        "Package": "goban-data",
        "Description-en": "board game - data\nFiles that the board game needs.",
    },
    {"Package": "goban", "Description-en": f"board  game of stones\n{LONG}"},
    {
        "Package": "libreel-dev",
        "Description-en": "film library - headers\nHeaders to build with it.",
    },
    {"Package": "libreel1", "Description-en": "film library\nIt reads films of many formats."},
    {"Package": "old", "Description-en": "dummy package\nThis one is there for upgrades alone."},
    {"Package": "brief", "Description-en": "short thing\nToo short a text."},
    {"Package": "twin", "Description-en": f"another synopsis\n{LONG}"},
    {
        "Package": "unknown",
        "Description-en": "not in the indexes\nNobody can install this package.",
    },
    {"Package": "brief"},
]


def test_one_description_for_each_source_package():
    assert list(described(PACKAGES, ENGLISH)) == [
        Pair(
            "It lays stones on a board. Features: plays over the network",
            "board game of stones",
            "goban",
        ),
        Pair("It reads films of many formats.", "film library", "reel"),
    ]


def test_the_order_of_the_indexes_does_not_matter():
    assert list(described(PACKAGES[::-1], ENGLISH[::-1])) == list(described(PACKAGES, ENGLISH))
