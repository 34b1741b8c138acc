import bz2
import gzip
import lzma
import os
import socket
import zipfile

import pytest

from kseq2seq.data.opening import data_path, open_data
from kseq2seq.data.readers import read_pairs


@pytest.mark.parametrize("pack, name", [(gzip, "gzip"), (bz2, "bzip2"), (lzma, "xz")])
@pytest.mark.parametrize("file", ["c.tsv", "c.tsv.gz", "c.tsv.xz"])
def test_what_packed_a_file_is_told_by_its_content(tmp_path, pack, name, file):
    path = tmp_path / file
    path.write_bytes(pack.compress("source\ttarget\nhello\t안녕\n".encode()))
    with open_data(path) as opened:
        assert opened.packed == name
    assert [pair.target for pair in read_pairs(path)] == ["안녕"]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=rf"c\.tsv.*: damaged {name} file after line"):
        list(read_pairs(path))


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.tsv")
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "s.tsv"))
    (tmp_path / "folder.tsv").mkdir()
    for name, kind in [
        ("pipe.tsv", "a pipe"),
        ("s.tsv", "a socket"),
        ("folder.tsv", "a directory"),
    ]:
        with pytest.raises(ValueError, match=f"{name}: .*this is {kind}"):
            read_pairs(tmp_path / name)
    with pytest.raises(ValueError, match="this is a device"):
        read_pairs(("/dev/zero", "/dev/zero"))
    with pytest.raises(FileNotFoundError, match="no such file"):
        data_path(tmp_path / "folder.tsv" / "none")
    for nothing in (None, 3, [None, None], {"a": 1}, b"a.tsv"):
        with pytest.raises(TypeError, match="must be a string or a Path; got"):
            read_pairs(nothing)
    with pytest.raises(ValueError, match="must not be empty"):
        read_pairs("")
    bound.close()


def test_other_archives_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "c.csv", "w") as archive:
        archive.writestr("sheet.csv", "source,target\na,b\n")
    (tmp_path / "z.tsv").write_bytes(b"\x28\xb5\x2f\xfd rest")
    with pytest.raises(ValueError, match=r"c\.csv: .*zip archive .*\.xlsx.*Unpack it"):
        list(read_pairs(tmp_path / "c.csv"))
    with pytest.raises(ValueError, match=r"z\.tsv: .*a Zstandard file"):
        list(read_pairs(tmp_path / "z.tsv"))
    (tmp_path / "t.tsv").write_text("BZh\tPK\nsource\ttarget\n")
    assert next(read_pairs(tmp_path / "t.tsv", source=0, target=1)).source == "BZh"


def test_a_file_that_is_written_to_while_it_is_read(tmp_path):
    path = tmp_path / "c.tsv"
    path.write_text("source\ttarget\na\tb\nc\td\n")
    pairs = read_pairs(path)
    next(pairs)
    with path.open("a") as file:
        file.write("e\tf\n")
    with pytest.raises(ValueError, match=r"c\.tsv: the file changed while it was read \(22 bytes"):
        list(pairs)
