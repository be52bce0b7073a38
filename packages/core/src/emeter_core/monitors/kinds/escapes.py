r"""Bytes written as text: `EHLO me\r\n`.

`\r`, `\n`, `\t` and `\0` are what they are in most languages, `\\` is a backslash, `\x` with two hexadecimal
digits any byte. Every other character stands for itself, in UTF-8.
"""

import re

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([rnt0\\]))?", re.ASCII)
_BYTES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_LETTERS = {value.decode(): letter for letter, value in _BYTES.items()}
_ESCAPED = range(0xDC80, 0xDD00)  # what "surrogateescape" makes of a byte that is not UTF-8


def unescape(text: str) -> bytes:
    """The bytes that `text` stands for; raises ValueError where a backslash begins no escape."""
    parts, at = [], 0
    for found in _ESCAPE.finditer(text):
        parts += [text[at : found.start()].encode(), _byte(found)]
        at = found.end()
    return b"".join([*parts, text[at:].encode()])


def escape(data: bytes) -> str:
    """The text that stands for `data`, as readable as can be: `unescape` gives the same bytes again."""
    return "".join(map(_character, data.decode("utf-8", "surrogateescape")))


def _byte(found: re.Match[str]) -> bytes:
    digits, letter = found.groups()
    if digits is not None:
        return bytes.fromhex(digits)
    if letter is None:
        raise ValueError(
            f"has a backslash that begins no escape, at character {found.start() + 1}:"
            r" write \\ for a backslash, else \r, \n, \t, \0 or \x1f"
        )
    return _BYTES[letter]


def _character(character: str) -> str:
    if character in _LETTERS:
        return f"\\{_LETTERS[character]}"
    if ord(character) in _ESCAPED:
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode())
