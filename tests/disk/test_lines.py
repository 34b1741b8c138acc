import bz2
import gzip
import lzma
import os
import socket
import zipfile

import pytest

from kseq2seq.data.readers import read_pairs
from kseq2seq.disk import lines
from kseq2seq.disk.lines import data_path, numbered_lines, open_data


def test_only_newlines_end_a_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("한국어\u2028\x85 \x0b\x0c\r\n\n👩‍💻 e\u0301".encode())
    assert list(numbered_lines(path)) == [
        (1, "한국어\u2028\x85 \x0b\x0c\r\n"),
        (2, "\n"),
        (3, "👩‍💻 e\u0301"),
    ]


def test_byte_order_mark_is_left_out_of_the_first_line_alone(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
    assert list(numbered_lines(path)) == [(1, "a\n"), (2, "\ufeffb\n")]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_bad_bytes_are_named_by_line_and_offset(tmp_path, mark, name):
    path = tmp_path / name
    data = mark + "가\n".encode() + b"ok \xb0\xa1\n"
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    lines = numbered_lines(path)
    assert next(lines) == (1, "가\n")
    offset = data.index(b"\xb0\xa1", 4 + len(mark))
    with pytest.raises(ValueError, match=rf"{name}:2: byte 0xb0 at byte offset {offset} .*iconv"):
        next(lines)


def test_bad_first_byte_after_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf\xff\n")
    with pytest.raises(ValueError, match=":1: byte 0xff at byte offset 3 of the file"):
        list(numbered_lines(path))


@pytest.mark.parametrize("damage", ["truncated", "flipped", "not gzip"])
def test_damaged_gzip(tmp_path, damage):
    path = tmp_path / "a.gz"
    data = gzip.compress(b"".join(b"%d line\n" % i for i in range(10_000)))
    if damage == "truncated":
        data = data[:-100]
    elif damage == "flipped":
        data = data[:5000] + bytes([data[5000] ^ 0xFF]) + data[5001:]
    else:
        data = b"plain text\n"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.gz: damaged gzip file after line|is not UTF-8"):
        list(numbered_lines(path))


def test_the_lines_of_an_old_file_end_in_carriage_returns(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("하나\r둘\r\r".encode() + b"x" * 70_000 + b"\r\nlast\n\nend\r")
    texts = [line for _, line in numbered_lines(path)]
    assert texts == ["하나\n", "둘\n", "\n", "x" * 70_000 + "\n", "last\n", "\n", "end\n"]


def test_what_is_not_utf8_is_counted(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"ok\n\xe9t\xe9\nok\n\xe0\n\xe8\n")
    with pytest.raises(ValueError, match=r"a\.txt:2: byte 0xe9 .* \(3 such lines\); .*iconv"):
        list(numbered_lines(path))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_other_unicode(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes("hello world\nbye\n".encode(encoding))
    with pytest.raises(ValueError, match=r"a\.txt:1: .*iconv -f UTF-\d\d.* -t UTF-8"):
        list(numbered_lines(path))


def test_binary_data(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(256)) * 400)
    with pytest.raises(ValueError, match=r"a\.txt:1: the file is not text: 256 of its first"):
        list(numbered_lines(path))
    path.write_bytes("가".encode() * 30_000 + b"\0")
    assert len(list(numbered_lines(path))) == 1


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


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch, end):
    monkeypatch.setattr(lines, "LONGEST", 2**17)
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"short" + end + b"x" * 2**22 + end + b"short" + end))
    with pytest.raises(ValueError, match=r"gz:2: the line has more than 131,072 bytes"):
        list(numbered_lines(path))
