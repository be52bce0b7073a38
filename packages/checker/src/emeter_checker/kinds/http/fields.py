"""The header lines of an answer, as libcurl hands them over: all blocks, status lines included. Pure."""

from collections.abc import Sequence

MAX_BYTES = 64 * 1024
MAX_LINES = 100


def final_block(lines: Sequence[bytes]) -> Sequence[bytes]:
    """The fields of the last answer: neither of 1xx before it nor trailers after it."""
    first = 0
    for index, line in enumerate(lines):
        if line.startswith(b"HTTP/"):
            first = index + 1
    block = lines[first:]
    for index, line in enumerate(block):
        if not line.strip():
            return block[:index]
    return block


def values(lines: Sequence[bytes], name: bytes) -> list[bytes]:
    """Every value of a field (its name in lower case) in the last answer, in order."""
    found = []
    for line in final_block(lines):
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == name:
            found.append(value.strip())
    return found


def too_large(lines: Sequence[bytes]) -> bool:
    """Whether an answer has more header than we take: 64 KiB over all blocks, 100 lines in the last."""
    if len(lines) > MAX_LINES and len(final_block(lines)) > MAX_LINES:
        return True
    return sum(map(len, lines)) > MAX_BYTES


def codings(lines: Sequence[bytes]) -> list[bytes]:
    """The content codings of an answer, in the order they were applied."""
    listed = b",".join(values(lines, b"content-encoding")).lower().split(b",")
    return [coding.strip() for coding in listed if coding.strip() not in {b"", b"identity"}]


def charset(lines: Sequence[bytes]) -> str:
    """The charset that Content-Type names, `utf-8` where there is none."""
    for value in values(lines, b"content-type"):
        for parameter in value.lower().split(b";")[1:]:
            key, _, name = parameter.partition(b"=")
            if key.strip() == b"charset":
                return name.strip(b" \t\"'").decode("ascii", "replace")
    return "utf-8"


def code(lines: Sequence[bytes]) -> int:
    """The status code of the last answer, 0 where there is none."""
    for line in reversed(lines):
        if line.startswith(b"HTTP/"):
            return status(line)
    return 0


def said(lines: Sequence[bytes]) -> str:
    """The status line of the last answer without the version, in the server's own words; empty if none."""
    for line in reversed(lines):
        if line.startswith(b"HTTP/"):
            return line.partition(b" ")[2].strip().decode("latin-1")
    return ""


def status(line: bytes) -> int:
    """The code in a status line, 0 where there is none."""
    digits = line.partition(b" ")[2][:3]
    return int(digits) if digits.isdigit() else 0
