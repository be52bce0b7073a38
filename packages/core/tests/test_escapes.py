"""Bytes written as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emeter_core.monitors.kinds.escapes import escape, unescape


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("EHLO me", b"EHLO me"),
        (r"PING\r\n", b"PING\r\n"),
        (r"\t\0\\", b"\t\0\\"),
        (r"\x00\x1f\xFF\xff", b"\x00\x1f\xff\xff"),
        (r"\\x41\\n", rb"\x41\n"),
        (r"\x411", b"A1"),
        (r"\01", b"\x001"),
        ("é\N{SNOWMAN}", "é\N{SNOWMAN}".encode()),
        ("a\nb", b"a\nb"),
    ],
)
def test_escapes_are_what_they_are_in_most_languages(text: str, data: bytes) -> None:
    assert unescape(text) == data


@pytest.mark.parametrize(
    ("text", "place"),
    [("\\", 1), (r"ab\q", 3), (r"\x", 1), (r"\x4", 1), (r"\xgg", 1), (r"\\\ ", 3), (r"\R", 1)],
)
def test_a_backslash_that_begins_none_is_told_by_its_place(text: str, place: int) -> None:
    with pytest.raises(ValueError, match=rf"begins no escape, at character {place}:"):
        unescape(text)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"220 ready\r\n", r"220 ready\r\n"),
        (b"\0\x01\x7f\xff", r"\0\x01\x7f\xff"),
        ("é".encode(), "é"),
        (b"\xc3", r"\xc3"),
        ("\N{ZERO WIDTH SPACE}".encode(), r"\xe2\x80\x8b"),
        (b"\\n", r"\\n"),
    ],
)
def test_what_can_be_read_is_left_readable(data: bytes, text: str) -> None:
    assert escape(data) == text


@given(st.binary())
def test_any_bytes_come_back(data: bytes) -> None:
    text = escape(data)
    assert unescape(text) == data
    assert text == "" or text.isprintable()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_bytes_or_refused(text: str) -> None:
    try:
        data = unescape(text)
    except ValueError:
        assert "\\" in text
    else:
        assert unescape(escape(data)) == data
