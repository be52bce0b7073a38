import io
import os
import time
from typing import BinaryIO, TextIO

import pytest

from emeter_core.supervisor import writer
from emeter_core.supervisor.console import Console
from emeter_core.supervisor.writer import Writer

Stuck = tuple[BinaryIO, TextIO]


def rest(unread: BinaryIO, until: str) -> list[str]:
    """What was written to a full pipe, up to the line `until`."""
    lines = (line.decode().rstrip("\n") for line in unread)
    found: list[str] = []
    while not found or found[-1] != until:
        found += [line for line in [next(lines)] if not line.startswith("...")]
    return found


def test_who_speaks_never_waits_for_who_reads(stuck: Stuck) -> None:
    console = Console(stuck[1], ["web"])
    begin = time.monotonic()

    for number in range(writer.MOST_LINES + 10):
        console.line("web", f"line {number}")
    console.flush()

    assert time.monotonic() - begin < 10


def test_lines_that_waited_are_written_in_their_order(stuck: Stuck) -> None:
    console = Console(stuck[1], [])

    for number in range(1000):
        console.say(str(number))

    assert rest(stuck[0], "999") == [str(number) for number in range(1000)]


def test_the_newest_are_dropped_and_counted_where_they_are_missing(
    stuck: Stuck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_LINES", 3)
    unread, full = stuck
    lines = Writer(full)
    for number in range(5):
        lines.put(str(number))
    lines.start()
    assert not lines.flush(0.1)

    assert rest(unread, "2 lines were dropped") == ["0", "1", "2", "2 lines were dropped"]
    assert lines.flush(10)
    lines.put("and on")
    assert rest(unread, "and on") == ["and on"]


def test_a_single_one_is_dropped_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_LINES", 1)
    out = io.StringIO()
    lines = Writer(out)
    lines.put("kept")
    lines.put("lost")
    lines.start()

    assert lines.flush(10)
    assert out.getvalue() == "kept\n1 line was dropped\n"


def test_an_empty_line_is_a_line() -> None:
    out = io.StringIO()
    lines = Writer(out)
    lines.start()
    lines.put("")
    lines.put("end")

    assert lines.flush(10)
    assert out.getvalue() == "\nend\n"


def test_a_stream_that_somebody_made_non_blocking_loses_nothing(stuck: Stuck) -> None:
    unread, full = stuck
    os.set_blocking(full.fileno(), False)
    console = Console(full, [])
    console.say("x" * 200_000)
    console.say("end")

    assert rest(unread, "end") == ["x" * 200_000, "end"]


def test_what_the_encoding_lacks_is_replaced() -> None:
    reader, end = os.pipe()
    with os.fdopen(reader, "rb") as screen, os.fdopen(end, "w", encoding="ascii") as stream:
        Console(stream, []).say("caf\u00e9")

        assert screen.readline() == b"caf?\n"
