"""The account of slots finds what it is there to find."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from harness.slots import Ledger, account_for_slots, explain_arrivals

from emeter_core.checks.slots import slot_after
from emeter_core.outcome import Reason

CREATED = datetime(2026, 11, 23, 12, tzinfo=UTC)
END = CREATED + timedelta(seconds=60)


@pytest.fixture
def slots() -> list[datetime]:
    found = [CREATED]
    while found[-1] <= END:
        found.append(slot_after(7, 5000, found[-1]))
    return found[:-1]


@pytest.fixture
def ledger(slots: list[datetime]) -> Ledger:
    """Every slot has its result."""
    results = {slot: (slot.timestamp(), slot.timestamp() + 0.01, Reason.OK) for slot in slots}
    return Ledger(7, 5000, 2000, CREATED, results, [], [])


@pytest.fixture
def arrivals(slots: list[datetime]) -> list[float]:
    return [slot.timestamp() + 0.005 for slot in slots]


def test_a_whole_period_has_nothing_wrong(ledger: Ledger, arrivals: list[float]) -> None:
    assert account_for_slots(ledger, END) == []
    assert explain_arrivals(ledger, arrivals, END) == []


def test_a_slot_that_is_forgotten_is_found(ledger: Ledger, slots: list[datetime]) -> None:
    del ledger.results[slots[3]]
    assert account_for_slots(ledger, END) == [f"{slots[3]} of probe 7 ended 0 times"]


def test_a_gap_ends_its_slots_once(ledger: Ledger, slots: list[datetime]) -> None:
    del ledger.results[slots[3]], ledger.results[slots[4]]
    assert account_for_slots(replace(ledger, gaps=[(slots[3], slots[4], 2, "missed")]), END) == []
    twice = replace(ledger, gaps=[(slots[3], slots[5], 3, "missed")])
    assert account_for_slots(twice, END) == [f"{slots[5]} of probe 7 ended 2 times"]


def test_a_gap_that_counts_wrongly_is_found(ledger: Ledger, slots: list[datetime]) -> None:
    del ledger.results[slots[3]]
    wrong = replace(ledger, gaps=[(slots[3], slots[3], 2, "missed")])
    assert len(account_for_slots(wrong, END)) == 1


def test_a_result_off_the_grid_is_found(ledger: Ledger, slots: list[datetime]) -> None:
    between = slots[3] + timedelta(seconds=1)
    ledger.results[between] = ledger.results[slots[3]]
    assert account_for_slots(ledger, END) == [f"{between} is no slot of the grid"]


def test_a_failure_is_confirmed_beside_the_grid(ledger: Ledger, slots: list[datetime]) -> None:
    started, ended, _ = ledger.results[slots[3]]
    ledger.results[slots[3]] = (started, ended, Reason.UNEXPECTED_CODE)
    between = slots[3] + timedelta(seconds=1, microseconds=7)
    moment = between.timestamp()
    confirmed = replace(ledger, results=ledger.results | {between: (moment, moment + 0.01, Reason.OK)})
    assert account_for_slots(confirmed, END) == []
    del ledger.results[slots[4]]
    lost = replace(ledger, gaps=[(between, slots[4], 2, "lost")])
    assert account_for_slots(lost, END) == []
    arrivals = [slot.timestamp() + 0.005 for slot in ledger.results]
    assert explain_arrivals(lost, [*arrivals, moment + 0.005], END) == []
    late = slots[8] + timedelta(seconds=1)
    ledger.results[late] = ledger.results[slots[8]]
    assert f"{late} is no slot of the grid" in account_for_slots(ledger, END)


def test_a_request_too_many_is_found(ledger: Ledger, arrivals: list[float]) -> None:
    assert len(explain_arrivals(ledger, [*arrivals, arrivals[3] + 0.001], END)) == 1


def test_a_result_without_a_request_is_found(ledger: Ledger, arrivals: list[float]) -> None:
    assert len(explain_arrivals(ledger, arrivals[:3] + arrivals[4:], END)) == 1


def test_one_lost_slot_explains_one_request(
    ledger: Ledger, slots: list[datetime], arrivals: list[float]
) -> None:
    del ledger.results[slots[3]]
    lost = replace(ledger, gaps=[(slots[3], slots[3], 1, "lost")])
    assert explain_arrivals(lost, arrivals, END) == []
    assert len(explain_arrivals(lost, [*arrivals, arrivals[3] + 0.001], END)) == 1
