"""One file that is a whole model: a flatbuffer, and behind it a zip archive of what goes with it.

TFLite reads a file from its front and never looks behind the flatbuffer; zip readers look from the
end, as they do for the associated files of TFLite's own metadata. So any interpreter runs the file,
and any zip tool lists what it says of itself.

`kseq2seq.json` in the archive describes the model and has the SHA-256 of the flatbuffer and of
every other entry.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kseq2seq.disk import whole_file
from kseq2seq.disk.files import json_text

RECORD = "kseq2seq.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same model gives the same file


def write_bundle(
    path: Path, model: bytes, files: Mapping[str, bytes], record: Mapping[str, Any]
) -> None:
    """Writes the file; it appears whole or not at all.

    Args:
        path: where; a file that is there is replaced.
        model: the flatbuffer.
        files: what goes with it, under names with "/" between folders. Of files with the same
            content one is stored.
        record: what `kseq2seq.json` says beside sizes and hashes.
    """
    stored: dict[str, str] = {}  # SHA-256 -> the name it is stored under
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    for name, digest in hashes.items():
        stored.setdefault(digest, name)
    record = {
        **record,
        "model_bytes": len(model),
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "files": {name: {"sha256": hashes[name], "entry": stored[hashes[name]]} for name in files},
    }
    with whole_file(path) as scratch:
        scratch.write_bytes(model)
        with zipfile.ZipFile(scratch, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_entry(RECORD), json_text(record))
            for name in stored.values():
                archive.writestr(_entry(name), files[name])


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
