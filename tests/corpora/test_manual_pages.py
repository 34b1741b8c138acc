"""Manual pages: what is read of roff, which pages make pairs, and how packages are opened."""

import gzip
import io
import random
import shutil
import sys
import tarfile

import pytest

from kseq2seq.corpora.debian_files import _unpack
from kseq2seq.corpora.manual_pages import described, manual_pages, pages_of
from kseq2seq.corpora.roff import plain, sections

PAGE = r"""
.\" A comment.
.de Xx
.SH "NOT A SECTION"
..
.if n \{\
.SH NEITHER
.\}
.ie t .SH NOR
.el .SH THIS
.TH COPY 1
.SH "NAME"
copy, cp \- copy \fBfiles\fP
.SH
SYNOPSIS \" a comment
.B copy
.RI [ option ]... " " from \
" " to
.SH DESCRIPTION
.TP
.BR \-a ", " \-\-all
Copies \fIall\/\fR, even \(lqhidden\(rq\&.
.IP \(bu 2
It\(aqs 3\e4.
.TS
tab(;) box;
l l.
one	T{
two
T}
.TE
.EQ
x over y
.EN
\m[blue]\s-1END\s0\m[]\h'0.5'\N'33'
"""


def test_a_page_is_its_sections_without_macros():
    assert sections(PAGE) == [
        ("NAME", "copy, cp - copy files"),
        ("SYNOPSIS", "copy [option]... from to"),
        ("DESCRIPTION", '-a, --all Copies all, even "hidden". It\'s 3\\4. one two END!'),
    ]
    assert sections(".Dd today\n.Sh NAME\n.Nm ls") == []  # the other dialect
    assert sections(".de never\n.SH NAME\nx") == []


@pytest.mark.parametrize(
    ("roff", "text"),
    [
        (r"\fB-x\fP \f(CWy\fR \f[CB]z\f[]", "-x y z"),
        (r"caf\['e] \[u00E9]\(co", "café é(c)"),
        (r"a\ b\~c\|d\%e\\f", "a b cde\\f"),
        (r'\*(C+ \*(L"x\*(R" \*r', 'C++ "x" '),
    ],
)
def test_escapes(roff, text):
    assert plain(roff) == text


def page(name, said, words=120):
    return f".SH NAME\n{name} \\- {said}\n.SH DESCRIPTION\n" + "word\n" * words


def test_pages_without_a_name_or_of_another_length_are_left_out():
    pages = [
        ("pthread_create", page("pthread_create", "make a thread")),
        ("pthread_join", page("pthread_join", "wait")),
        ("short", page("short", "a page", 20)),
        ("nameless", ".SH DESCRIPTION\n" + "word\n" * 120),
        ("ls", page("ls, dir", "list files")),
    ]
    made = list(described(pages))
    assert [(pair.target, pair.key) for pair in made] == [
        ("make a thread", "pthread"),
        ("list files", "ls"),
    ]
    assert made[1].source.startswith("ls, dir. DESCRIPTION: word word")
    assert "list files" not in made[1].source


@pytest.fixture
def package(tmp_path):
    """A file of the form that dpkg-deb reads, made without it."""

    def packed(files):
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for name, body in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(body)
                archive.addfile(entry, io.BytesIO(body))
        return content.getvalue()

    def make(pages):
        control = b"Package: a\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: x\n"
        parts = {
            "debian-binary": b"2.0\n",
            "control.tar.gz": packed({"./control": control}),
            "data.tar.gz": packed(
                {
                    f"./usr/share/man/{name}.gz": gzip.compress(text.encode())
                    for name, text in pages.items()
                }
            ),
        }
        path = tmp_path / "a_1_all.deb"
        with path.open("wb") as file:
            file.write(b"!<arch>\n")
            for name, body in parts.items():
                head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(body):<10}`\n"
                file.write(head.encode() + body + b"\n" * (len(body) % 2))
        return path

    return make


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="of Debian")
def test_packages_are_read_where_they_lie(package, tmp_path):
    pages = {"man1/ls.1": "one", "fr/man1/ls.1": "French", "man3/x.y.3perl": "two"}
    assert list(pages_of(package(pages))) == [("ls", "one"), ("x.y", "two")]
    (tmp_path / "a.deb").write_bytes(b"nothing")
    with pytest.raises(RuntimeError, match=r"a\.deb can't be unpacked"):
        list(pages_of(tmp_path / "a.deb"))


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="of Debian")
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_package_that_was_cut_off_is_told(package, tmp_path, share):
    text = random.Random(0).randbytes(30000).hex()
    whole = package({f"man1/{name}.1": text for name in "abcd"})
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RuntimeError, match=r"a_1_all\.deb"):
        list(pages_of(whole))
    with pytest.raises(RuntimeError, match=r"a_1_all\.deb"):
        _unpack(whole, tmp_path / "files")


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="of Debian")
def test_a_missing_tool_is_named(package, monkeypatch):
    whole = package({"man1/ls.1": "one"})
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="dpkg-deb, which is missing"):
        list(pages_of(whole))


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="of Debian")
def test_the_corpus_is_built_once_from_packages_of_apt(package, tmp_path, monkeypatch):
    module = sys.modules["kseq2seq.corpora.manual_pages"]  # not the function of that name
    calls = []

    def fetch(lists, names, folder, tell):
        calls.append(names)
        made = package({f"man1/{name}.1": page(name, f"what {name} does") for name in ("ls", "cp")})
        return [made.rename(folder / made.name)]

    monkeypatch.setattr(module, "update_indexes", lambda lists, *_: lists.mkdir(parents=True))
    monkeypatch.setattr(module, "fetch_packages", fetch)
    told = []
    for _ in range(2):
        pairs = list(manual_pages(cache=tmp_path / "cache", progress=told.append))
        assert [pair.target for pair in pairs] == ["what ls does", "what cp does"]
    assert len(calls) == 1 and "coreutils" in calls[0]
