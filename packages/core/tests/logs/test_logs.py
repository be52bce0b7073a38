"""What a process writes to its log, as a process of its own writes it."""

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from emeter_core.logs import LogSettings, get_logger
from emeter_core.logs.formatter import make_formatter
from emeter_core.logs.words import LONGEST, escaped, printable, shortened

_BEGIN = "from emeter_core.logs import LogSettings, get_logger, setup_logging\n"


def logged(code: str, settings: str = "LogSettings()") -> list[str]:
    """The lines that a process wrote which runs `code` with its logger `log`."""
    code = f"{_BEGIN}log = setup_logging('worker', {settings})\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_events_are_json_where_nobody_sits() -> None:
    [line] = logged("log.warning('Redis is away', error='refused', tries=3)")
    event = json.loads(line)

    moment = datetime.fromisoformat(event.pop("time"))
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=30)
    assert event.pop("pid") != os.getpid()
    assert event == {
        "level": "warning",
        "process": "worker",
        "event": "Redis is away",
        "error": "refused",
        "tries": 3,
        "logger": "emeter.worker",
    }


def test_events_are_text_on_wish_with_their_level_where_it_is_bad() -> None:
    lines = logged("log.info('all %s', 'well', n=1)\nlog.warning('odd')", "LogSettings('text')")

    assert [line[9:] for line in lines] == ["all well n=1", "WARNING odd"]


def test_a_terminal_has_text_with_colours() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "odd", (), None)
    line = make_formatter("worker", LogSettings(), on_terminal=True).format(record)

    assert "\x1b[31mERROR\x1b[0m odd" in line
    assert "{" not in line


def test_libraries_and_warnings_of_python_go_the_same_way() -> None:
    code = (
        "import logging, warnings\n"
        "logging.getLogger('rq.worker').warning('%s jobs', 3)\n"
        "warnings.warn('this is old', DeprecationWarning)\n"
        "warnings.warn('this is odd', RuntimeWarning)"
    )
    first, *others = map(json.loads, logged(code))

    assert (first["event"], first["logger"]) == ("3 jobs", "rq.worker")
    assert [each["logger"] for each in others] == ["py.warnings"] * len(others)
    assert "this is odd" in others[-1]["event"]


def test_an_exception_is_text_in_one_line() -> None:
    code = "try: 1 / 0\nexcept ZeroDivisionError: log.exception('stumbled')"
    [line] = logged(code)
    event = json.loads(line)

    assert (event["event"], event["level"]) == ("stumbled", "error")
    assert event["exception"].startswith("Traceback (most recent call last):\n")
    assert event["exception"].endswith("ZeroDivisionError: division by zero")


def test_what_nobody_took_is_logged() -> None:
    code = (
        "import threading\n"
        "thread = threading.Thread(target=lambda: 1 / 0, name='gate')\n"
        "thread.start(); thread.join()\n"
        "raise LookupError('the end')"
    )
    thread, process = map(json.loads, logged(code))

    assert (thread["level"], thread["thread"]) == ("critical", "gate")
    assert "ZeroDivisionError" in thread["exception"]
    assert process["exception"].endswith("LookupError: the end")


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_token_is_written_nor_by_whom_it_was_read(form: str) -> None:
    code = (
        "token = 'aB3-' * 11\n"
        "log.warning('Invalid request: GET /users/confirm/%s', token, path=f'/x/{token}')\n"
        "try: raise ValueError(f'/users/reset_password/{token}?x=1')\n"
        "except ValueError: log.exception('Error')"
    )
    said = "\n".join(logged(code, f"LogSettings({form!r})"))

    assert "aB3-aB3-" not in said
    assert "GET /users/confirm/[hidden]" in said
    assert "/x/[hidden]" in said
    assert "ValueError: /users/reset_password/[hidden]?x=1" in said


def test_what_is_below_the_level_is_left_out_but_for_what_others_wait_for() -> None:
    code = "log.info('unseen')\nlog.warning('seen')\nlog.announce('Checking', n=1)"
    events = [json.loads(line) for line in logged(code, "LogSettings('auto', 'warning')")]

    assert [(each["event"], each.get("n")) for each in events] == [("seen", None), ("Checking", 1)]


def test_what_json_does_not_know_is_its_text_and_what_is_long_is_cut() -> None:
    event = json.loads(logged("log.info('x', path={1}, body='y' * 100_000)")[0])

    assert event["path"] == "{1}"
    assert len(event["body"]) < 2 * LONGEST


def test_nothing_in_a_line_steers_a_terminal() -> None:
    line = json.dumps({"a": "\x9b2J\u202e\U000e0001"}, ensure_ascii=False)

    assert escaped(line).isprintable()
    assert json.loads(escaped(line)) == json.loads(line)
    assert printable("a\x1b[2Jb\x07c\td") == "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\td"
    assert shortened("a" * 10 + "b" * 10, 8) == "aaaa … bbbb"


def test_fields_of_a_module_are_in_the_record(caplog: pytest.LogCaptureFixture) -> None:
    get_logger("emeter_core.tests").warning("odd %s", 1, why="so", exc_info=None)

    [record] = caplog.records
    assert (record.getMessage(), record.fields) == ("odd 1", {"why": "so"})  # type: ignore[attr-defined]


def test_who_only_checks_once_does_not_pay_for_it() -> None:
    code = "import json, sys, emeter_core.settings, emeter_core.logs; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"structlog", "prometheus_client", "http.server"} & set(
        json.loads(done.stdout.replace("'", '"'))
    )
