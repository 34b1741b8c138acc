"""How files and directories come to be on disk: whole, or not at all."""

from kseq2seq.disk.hidden import put_aside, remove
from kseq2seq.disk.whole import (
    restore,
    settle,
    synchronize,
    whole_directory,
    whole_file,
    whole_files,
)

__all__ = [
    "put_aside",
    "remove",
    "restore",
    "settle",
    "synchronize",
    "whole_directory",
    "whole_file",
    "whole_files",
]
