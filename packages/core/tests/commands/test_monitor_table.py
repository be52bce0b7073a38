import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emeter_core.commands.monitor_list import Listing
from emeter_core.commands.monitor_table import Screen, print_once
from emeter_core.commands.words import ago, latency
from emeter_core.monitors import Monitor, MonitorRow, Page, Status
from emeter_core.outcome import Condition, Reason

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(name: str = "Shop", condition: Condition = Condition.UP, **fields: Any) -> MonitorRow:  # noqa: ANN401 - any of the row's
    monitor = Monitor(
        public_id=uuid.uuid4(),
        name=name,
        target="https://example.com/",
        kind="http",
        timeout_seconds=10,
        settings={},
        condition=condition,
    )
    known = {
        "last_slot": NOON - timedelta(seconds=4),
        "last_total_us": 12_300,
        "last_reason": Reason.OK,
        "last_code": 200,
        "certificate_ends_at": NOON + timedelta(days=40, hours=1),
    }
    return MonitorRow(monitor, **known | fields)  # type: ignore[arg-type]


def printed(capsys: pytest.CaptureFixture[str], *rows: MonitorRow, **page: int) -> list[str]:
    shown = Page(list(rows), **{"total": len(rows), "number": 1, "per_page": 50, **page})
    print_once(Listing(shown, NOON))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_monitor_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    one = row()
    head, line, foot = printed(capsys, one)

    assert head.split() == [
        "Status",
        "Name",
        "Target",
        "Latency",
        "Last",
        "check",
        "Certificate",
        "Found",
        "Id",
    ]
    assert line.split() == [
        *("●", "up", "Shop", "https://example.com/", "12.3", "ms", "4", "s", "ago", "40", "d"),
        str(one.monitor.public_id),
    ]
    assert foot == "1 monitor: 1 up"


def test_what_is_not_known_yet_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    unknown = dict.fromkeys(("last_slot", "last_total_us", "last_reason", "last_code", "certificate_ends_at"))

    line = printed(capsys, row(condition=Condition.PENDING, **unknown))[1]

    assert line.split()[:7] == ["○", "pending", "Shop", "https://example.com/", "-", "-", "-"]


def test_what_is_wrong_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    code = row(condition=Condition.DOWN, last_reason=Reason.UNEXPECTED_CODE, last_code=503)
    refused = row(condition=Condition.DOWN, last_reason=Reason.CONNECTION_REFUSED, last_code=0)

    _head, first, second, foot = printed(capsys, code, refused)

    assert "✕ down" in first
    assert "503 instead of 200–299" in first
    assert "Connection refused" in second
    assert foot == "2 monitors: 2 down"


def test_a_certificate_that_ran_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "expired" in printed(capsys, row(certificate_ends_at=NOON))[1]


@pytest.mark.parametrize("condition", list(Condition))
def test_every_condition_has_its_look(capsys: pytest.CaptureFixture[str], condition: Condition) -> None:
    assert condition.value.replace("_", " ") in printed(capsys, row(condition=condition))[1]


def test_a_pause_covers_the_condition(capsys: pytest.CaptureFixture[str]) -> None:
    paused = row()
    paused.monitor.paused_at = NOON

    assert f"‖ {Status.PAUSED}" in printed(capsys, paused)[1]


def test_names_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    line = printed(capsys, row(name="[red]a\x1b[2Jb"))[1]

    assert "[red]a\N{REPLACEMENT CHARACTER}[2Jb" in line
    assert "\x1b" not in line


def test_the_foot_tells_pages(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, row(), row(), total=1005, number=3, per_page=2)[-1] == (
        "2 of 1,005 monitors, page 3 of 503: 2 up"
    )
    assert printed(capsys, total=3, number=9, per_page=2)[-1] == "3 monitors, but no page 9: the last is 2"
    assert printed(capsys)[-1] == "No monitors found. Add one with `emeter monitor add URL`."


def test_trouble_stands_below_the_last_list(capsys: pytest.CaptureFixture[str]) -> None:
    listing = Listing(Page([row()], total=1, number=1, per_page=50), NOON)
    with Screen() as screen:
        screen.show(listing, "")
        screen.show(listing, "connection refused")

    assert capsys.readouterr().out.rstrip().endswith("The database does not answer: connection refused")


@pytest.fixture(params=[80, 100, 120, 140, 160])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """The columns of the terminal."""
    width: int = request.param
    monkeypatch.setattr("emeter_core.commands.monitor_table._WIDTH_OF_PIPES", width)
    return width


def test_only_name_target_and_what_was_found_are_cut(capsys: pytest.CaptureFixture[str], width: int) -> None:
    one = row(
        "A shop with a name that is much too long for any terminal, and then some more of it",
        Condition.DEGRADED,
        last_total_us=12_345_000,
        last_slot=NOON - timedelta(minutes=59),
        last_reason=Reason.UNEXPECTED_CODE,
        last_code=503,
    )
    one.monitor.target = f"https://shop.example.com/{'path/' * 40}"

    printed_lines = printed(capsys, one)
    head, line, _foot = printed_lines

    assert all(len(text) <= width for text in printed_lines)
    assert line.startswith("◐ degraded  A shop with")
    assert "  https://shop" in line
    assert line.count("…") >= 2
    assert f"  {latency(12_345_000)}  " in line
    assert f"  {ago(NOON - timedelta(minutes=59), NOON)}" in line
    assert ("Certificate" in head, "  40 d  503 " in line, "Found" in head) == (width >= 110,) * 3
    assert (str(one.monitor.public_id) in line, "Id" in head) == (width >= 150,) * 2


def test_what_fits_is_not_cut(capsys: pytest.CaptureFixture[str], width: int) -> None:
    line = printed(capsys, row())[1]

    assert "…" not in line
    assert "Shop  https://example.com/  12.3 ms" in " ".join(line.split(" ")).replace("    12.3", "  12.3")


def test_the_foot_of_a_filtered_list_does_not_tell_to_add_one(capsys: pytest.CaptureFixture[str]) -> None:
    print_once(Listing(Page([], total=0, number=1, per_page=50), NOON, is_filtered=True))

    assert capsys.readouterr().out.splitlines()[-1].rstrip() == "No monitor matches."


def test_one_monitor_and_no_such_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, total=1, number=9)[-1] == "1 monitor, but no page 9: the last is 1"
