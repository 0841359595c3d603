"""Tests of positions and URIs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kata_lsp.lsp.convert import Encoding, Lines, Position, canonical, path_to_uri, uri_to_path

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")


@pytest.mark.parametrize(
    ("text", "offset", "utf8", "utf16", "utf32"),
    [
        ("abc", 2, (0, 2), (0, 2), (0, 2)),
        ("a😀b", 2, (0, 5), (0, 3), (0, 2)),
        ("漢字x", 2, (0, 6), (0, 2), (0, 2)),
        ("é\nü!", 4, (1, 3), (1, 2), (1, 2)),
        ("a\r\nb", 3, (1, 0), (1, 0), (1, 0)),
        ("a\rb\rc", 4, (2, 0), (2, 0), (2, 0)),
        ("a\u2028b\x0cc", 4, (0, 6), (0, 4), (0, 4)),
        ("last line has no end", 20, (0, 20), (0, 20), (0, 20)),
        ("ends with one\n", 14, (1, 0), (1, 0), (1, 0)),
        ("", 0, (0, 0), (0, 0), (0, 0)),
        ("\ud83dx", 2, (0, 4), (0, 2), (0, 2)),
    ],
)
def test_an_offset_and_its_position_name_the_same_place(text, offset, utf8, utf16, utf32):
    """In every encoding, for every line ending that LSP knows, and for no other."""
    lines = Lines(text)
    for encoding, expected in zip(ENCODINGS, (utf8, utf16, utf32), strict=True):
        assert lines.position(offset, encoding) == Position(*expected)
        line, character = expected
        assert lines.offset(line, character, encoding) == offset


@pytest.mark.parametrize(
    ("line", "character", "expected"),
    [
        (0, 99, 2),
        (1, 99, 5),
        (99, 0, 8),
        (-1, 5, 0),
        (0, -3, 0),
        (1, 2, 4),
    ],
)
def test_a_position_outside_the_text_is_moved_into_it(line, character, expected):
    """The end of the line for a long column, the end of the text for a late line."""
    assert Lines("ab\n😀x\n\nz").offset(line, character, "utf-16") == expected


def test_a_position_inside_a_surrogate_pair_is_moved_before_it():
    """Half an emoji is not a place."""
    assert Lines("a😀b").offset(0, 2, "utf-16") == 1
    assert Lines("a😀b").offset(0, 3, "utf-8") == 1


def test_an_offset_between_cr_and_lf_is_the_end_of_the_line():
    """LSP has no position between the two."""
    assert Lines("ab\r\nc").position(3, "utf-16") == Position(0, 2)


@given(
    text=st.text(alphabet="ab\r\n\u2028漢😀é\ud800", max_size=40),
    offset=st.integers(0, 40),
    encoding=st.sampled_from(ENCODINGS),
)
def test_every_offset_survives_the_round_trip(text, offset, encoding):
    """Position and offset are inverse, except between CR and LF."""
    offset = min(offset, len(text))
    lines = Lines(text)
    back = lines.offset(*lines.position(offset, encoding), encoding)
    assert back == (offset - 1 if text[offset - 1 : offset + 1] == "\r\n" else offset)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/home/a b/ü#?.md", "file:///home/a%20b/%C3%BC%23%3F.md"),
        ("/plain.md", "file:///plain.md"),
        ("/100%/x", "file:///100%25/x"),
        ("/c:/x", "file:///c%3A/x"),
    ],
)
def test_a_path_and_its_uri_name_the_same_file(path, uri):
    """Percent-encoding goes both ways."""
    assert path_to_uri(path, windows=False) == uri
    assert uri_to_path(uri, windows=False) == path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///C%3A/Users/x%20y", "c:\\Users\\x y"),
        ("file:///c:/x", "c:\\x"),
        ("file://server/share/x", "\\\\server\\share\\x"),
    ],
)
def test_windows_uris_become_windows_paths(uri, path):
    """Both spellings of a drive are one; an authority is a UNC host."""
    assert uri_to_path(uri, windows=True) == path


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("c:\\a b\\x.md", "file:///c:/a%20b/x.md"),
        ("\\\\server\\share\\x", "file://server/share/x"),
    ],
)
def test_windows_paths_become_uris(path, uri):
    """Backslashes turn, the drive's colon stays."""
    assert path_to_uri(path, windows=True) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "http://x/y",
        "file:relative",
        "file:///a%00b",
        "http://[",
        "",
        "vscode-notebook-cell:/x.ipynb#a",
    ],
)
def test_what_names_no_file_has_no_path(uri):
    """Anything but a whole file URI is None, never a guess."""
    assert uri_to_path(uri) is None


def test_odd_but_clear_uris_are_understood():
    """An unencoded `#`, a missing authority and a localhost are not in doubt."""
    assert uri_to_path("file:///a#b?c", windows=False) == "/a#b?c"
    assert uri_to_path("file:/a/b", windows=False) == "/a/b"
    assert uri_to_path("file://localhost/a", windows=False) == "/a"
    assert uri_to_path("FILE:///a", windows=False) == "/a"


def test_two_names_of_a_file_have_one_canonical_path(tmp_path: Path):
    """Links and dots are resolved."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert canonical(f"{tmp_path}/link/../link/x.md") == str(tmp_path.resolve() / "real" / "x.md")
