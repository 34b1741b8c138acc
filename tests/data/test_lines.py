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
