import gzip

import pytest

from kseq2seq.data.lines import numbered_lines


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
