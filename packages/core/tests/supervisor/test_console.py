import io
import json
import os
import re
import threading

from emeter_core.logs import LogSettings
from emeter_core.supervisor.console import Console, Forwarder


def test_each_line_carries_time_and_an_aligned_name() -> None:
    out = io.StringIO()
    console = Console(out, ["web", "scheduler"])

    console.line("web", "hello")
    console.line("scheduler", "there")
    console.flush()

    first, second = out.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d web       \| hello", first)
    assert re.fullmatch(r"\d\d:\d\d:\d\d scheduler \| there", second)


def test_names_are_coloured_on_a_terminal_only() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal, os.fdopen(master, "rb") as screen:
        Console(terminal, ["web"]).line("web", "hello")
        assert b"\x1b[36m" in screen.read1()


def test_control_characters_of_a_process_do_not_reach_the_terminal() -> None:
    out = io.StringIO()
    console = Console(out, ["web"])

    console.line("web", "a\x1b[2Jb\x07c\td")
    console.flush()

    assert out.getvalue().endswith("| a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\td\n")


def test_a_stream_that_went_away_ends_nothing() -> None:
    stream = io.StringIO()
    stream.close()

    console = Console(stream, ["web"])
    console.line("web", "into the void")
    console.flush()


def test_a_pipe_whose_reader_left_ends_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        console = Console(pipe, ["web"])
        console.line("web", "into the void")
        console.flush()


def test_lines_of_many_threads_stay_whole() -> None:
    out = io.StringIO()
    console = Console(out, ["a"])
    threads = [threading.Thread(target=console.line, args=("a", "x" * 500)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    console.flush()

    assert len(out.getvalue().splitlines()) == 20
    assert {line.split(" | ")[1] for line in out.getvalue().splitlines()} == {"x" * 500}


def test_the_ready_word_is_found_among_other_words() -> None:
    out = io.StringIO()
    console = Console(out, ["web"])
    forwarder = Forwarder(console, "web", io.BytesIO(b"one\nis Serving now\nlast"), "Serving")

    assert not forwarder.ready.is_set()
    forwarder.start()
    forwarder.join(10)
    console.flush()

    assert forwarder.ready.is_set()
    assert len(out.getvalue().splitlines()) == 3


JSON = LogSettings("json")
EVENT = {"time": "2026-11-23T14:00:00.000Z", "level": "warning", "process": "web", "pid": 7, "event": "odd"}


def test_an_event_of_a_process_is_text_for_people() -> None:
    out = io.StringIO()
    console = Console(out, ["web"])

    console.hand_on("web", json.dumps(EVENT | {"why": "so it is", "exception": "Traceback\n  here"}))
    console.flush()

    lines = out.getvalue().splitlines()
    assert [line.partition(" | ")[2] for line in lines] == [
        "WARNING odd why='so it is'",
        "Traceback",
        "  here",
    ]
    assert all(re.match(r"\d\d:\d\d:\d\d web \| ", line) for line in lines)


def test_an_event_of_a_process_is_handed_on_as_it_is_for_programs() -> None:
    out = io.StringIO()
    console = Console(out, ["web"], JSON)

    console.hand_on("web", json.dumps(EVENT))
    console.flush()

    assert json.loads(out.getvalue()) == EVENT


def test_what_is_printed_and_what_is_said_here_are_events_for_programs() -> None:
    out = io.StringIO()
    console = Console(out, ["web"], JSON)

    console.hand_on("web", "Error: no \x9b2J luck")
    console.hand_on("web", "{no event}")
    console.line("web", "ended; starting it again", "warning")
    console.say("Ready.", late=["web"])
    console.flush()

    assert "\x9b" not in out.getvalue()
    first, second, third, last = map(json.loads, out.getvalue().splitlines())
    assert (first["process"], first["level"], first["event"]) == ("web", "error", "no \x9b2J luck")
    assert (second["process"], second["event"]) == ("web", "{no event}")
    assert (third["process"], third["about"], third["level"]) == ("up", "web", "warning")
    assert (last["process"], last["event"], last["late"]) == ("up", "Ready.", ["web"])


def test_control_characters_in_an_event_do_not_reach_the_terminal() -> None:
    out = io.StringIO()
    console = Console(out, ["web"])

    console.hand_on("web", json.dumps(EVENT | {"event": "a\x1b[2J", "said": "b\x9b2J", "n": ["\x1b"]}))
    console.flush()

    assert not set("\x1b\x9b") & set(out.getvalue())
