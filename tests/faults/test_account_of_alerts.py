"""The accounts of alerts, and of what turns, find what they are there to find."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from harness.alerts import Outbox, Sent, account_for_outbox, explain_hooks, explain_mails
from harness.receiver import Hook
from harness.site import TURN_S, TURNING, is_broken
from harness.slots import Ledger
from harness.turns import Story, explain_turns

from emeter_core.checks.slots import slot_after
from emeter_core.outcome import Reason

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVENTS = ("incident.opened", "incident.resolved")
STEP = timedelta(seconds=5)


@pytest.fixture
def outbox() -> Outbox:
    """One incident is over, one is open, and everyone was told."""
    told = [("a", EVENTS[0]), ("a", EVENTS[1]), ("b", EVENTS[0])]
    deliveries = [
        Sent(f"{channel}-{incident}-{event}", incident, event, channel, "sent", 1, NOON)
        for incident, event in told
        for channel in ("mail", "webhook")
    ]
    return Outbox(["mail", "webhook"], {"a": True, "b": False}, deliveries)


@pytest.fixture
def hooks(outbox: Outbox) -> list[Hook]:
    return [hook_of(each, 1.0) for each in outbox.deliveries if each.channel == "webhook"]


def hook_of(sent: Sent, at: float) -> Hook:
    body = {"type": sent.event, "data": {"incident": {"id": sent.incident}}}
    return Hook(at, "/hook", {"webhook-id": sent.id}, json.dumps(body).encode())


def changed(outbox: Outbox, number: int, **values: object) -> Outbox:
    deliveries = list(outbox.deliveries)
    deliveries[number] = deliveries[number]._replace(**values)
    return replace(outbox, deliveries=deliveries)


def test_whoever_told_everyone_has_nothing_wrong(outbox, hooks) -> None:
    assert account_for_outbox(outbox, NOON) == []
    assert explain_hooks(outbox, hooks, hooks, 0) == ([], 0)
    mails = [each.id for each in outbox.deliveries if each.channel == "mail"]
    assert explain_mails(outbox, mails, 0) == []


@pytest.mark.parametrize("number", range(6))
def test_an_event_without_its_row_is_found(outbox, number: int) -> None:
    del outbox.deliveries[number]
    assert len(account_for_outbox(outbox, NOON)) == 1


def test_a_row_that_nothing_led_to_is_found(outbox) -> None:
    outbox.incidents["a"] = False
    assert len(account_for_outbox(outbox, NOON)) == 2


def test_what_was_not_sent_is_found_once_it_is_due(outbox) -> None:
    waiting = changed(outbox, 1, state="pending", attempts=0)
    assert len(account_for_outbox(waiting, NOON)) == 1
    assert account_for_outbox(waiting, NOON - STEP) == []
    assert len(account_for_outbox(changed(outbox, 0, state="failed"), NOON)) == 1
    assert len(account_for_outbox(changed(outbox, 0, state="pending", attempts=0), NOON)) == 1


def test_a_mail_may_wait_where_it_was_tried(outbox) -> None:
    assert account_for_outbox(changed(outbox, 0, state="pending"), NOON) == []
    assert len(account_for_outbox(changed(outbox, 1, state="pending"), NOON)) == 1


def test_an_alert_that_is_called_sent_and_did_not_come_is_found(outbox, hooks) -> None:
    assert len(explain_hooks(outbox, hooks[:1], hooks[:1], 0)[0]) == 2
    assert len(explain_mails(outbox, [outbox.deliveries[0].id], 0)) == 2


def test_an_alert_of_nothing_is_found(outbox, hooks) -> None:
    stranger = hook_of(outbox.deliveries[1]._replace(id="stranger"), 2.0)
    assert len(explain_hooks(outbox, [*hooks, stranger], [*hooks, stranger], 0)[0]) == 1
    mistaken = hook_of(outbox.deliveries[1]._replace(incident="b"), 1.0)
    assert len(explain_hooks(outbox, [mistaken, *hooks[1:]], hooks, 0)[0]) == 1
    # Its row may have been written after the outbox was read.
    assert explain_hooks(outbox, hooks, [*hooks, stranger], 0)[0] == []


def test_a_double_needs_a_trouble_and_a_lease_that_ran_out(outbox, hooks) -> None:
    def doubled(after: float, times: int, troubles: int) -> list[str]:
        again = [hook_of(outbox.deliveries[1], 1.0 + after * (n + 1)) for n in range(times)]
        return explain_hooks(outbox, hooks, [*hooks, *again], troubles)[0]

    assert doubled(60, 1, 1) == []
    assert doubled(60, 2, 1) == []
    assert len(doubled(60, 1, 0)) == 1
    assert len(doubled(60, 3, 1)) == 1
    assert len(doubled(5, 1, 1)) == 1


def test_an_end_before_its_beginning_is_found(outbox, hooks) -> None:
    assert len(explain_hooks(outbox, hooks, [hooks[1], hooks[0], hooks[2]], 0)[0]) == 1


@pytest.fixture
def slots() -> list[datetime]:
    found = [slot_after(7, 5000, NOON)]
    while len(found) < 60:
        found.append(slot_after(7, 5000, found[-1]))
    return found


@pytest.fixture
def arrivals(slots) -> list[float]:
    return [slot.timestamp() + 0.01 for slot in slots]


@pytest.fixture
def ledger(slots) -> Ledger:
    """The page was seen as it was."""
    results = {
        slot: (slot.timestamp(), slot.timestamp() + 0.02, _reason(slot.timestamp() + 0.01)) for slot in slots
    }
    return Ledger(7, 5000, 2000, NOON, results, [], [])


@pytest.fixture
def story(slots) -> Story:
    """All that follows from it was said: each turn from its first slot on."""
    told = Story([("pending", NOON, NOON)])
    firsts = [slot for before, slot in zip([None, *slots], slots, strict=False) if _is_first(before, slot)]
    for first in firsts:
        is_down = is_broken(TURNING, first.timestamp() + 0.01)
        told.changes.append(("down" if is_down else "up", first, first + 3 * STEP))
        if is_down:
            told.incidents.append((first, None))
        elif told.incidents:
            told.incidents[-1] = (told.incidents[-1][0], first)
    return told


def _reason(at: float) -> Reason:
    return Reason.UNEXPECTED_CODE if is_broken(TURNING, at) else Reason.OK


def _is_first(before: datetime | None, slot: datetime) -> bool:
    return before is None or _reason(before.timestamp() + 0.01) is not _reason(slot.timestamp() + 0.01)


def test_pages_turn_by_the_clock_and_the_others_are_well() -> None:
    times = [NOON.timestamp() + n * TURN_S for n in range(4)]
    assert len({is_broken(TURNING, at) for at in times[:2]}) == 2
    assert [is_broken(TURNING, at) for at in times[:2]] == [is_broken(TURNING, at) for at in times[2:]]
    assert not any(is_broken(TURNING - 1, at) for at in times)


def test_turns_that_were_told_of_have_nothing_wrong(ledger, story, arrivals, slots) -> None:
    assert len(story.incidents) >= 4
    assert explain_turns(ledger, story, TURNING, arrivals, slots[-1]) == []


def test_a_false_result_of_what_turns_is_found(ledger, story, arrivals, slots) -> None:
    started, ended, reason = ledger.results[slots[20]]
    ledger.results[slots[20]] = (started, ended, Reason.UNEXPECTED_CODE if not reason else Reason.OK)
    assert any("was found" in each for each in explain_turns(ledger, story, TURNING, arrivals, slots[-1]))
    ledger.results[slots[20]] = (started, ended, Reason.TIMEOUT)
    assert any("found timeout" in each for each in explain_turns(ledger, story, TURNING, arrivals, slots[-1]))


def test_an_incident_that_nobody_opened_or_ended_is_found(ledger, story, arrivals, slots) -> None:
    began, ended = story.incidents.pop(1)
    assert len(explain_turns(ledger, story, TURNING, arrivals, slots[-1])) == 1
    # Once for each time it was seen to be well, and for those that began meanwhile.
    problems = explain_turns(
        ledger, replace(story, incidents=[*story.incidents, (began, None)]), TURNING, arrivals, slots[-1]
    )
    assert any("up 3 times" in each for each in problems)
    assert any("two incidents" in each for each in problems)
    # Silence begins each row anew.
    silent = replace(story, changes=[*story.changes, ("no_data", began, ended)])
    assert explain_turns(ledger, silent, TURNING, arrivals, slots[-1]) == []


def test_a_status_or_an_incident_that_begins_at_the_wrong_slot_is_found(
    ledger, story, arrivals, slots
) -> None:
    condition, since, told = story.changes[2]
    story.changes[2] = (condition, since - STEP, told)
    assert len(explain_turns(ledger, story, TURNING, arrivals, slots[-1])) == 1
    story.changes[2] = (condition, since, told)
    began, ended = story.incidents[1]
    story.incidents[1] = (began - 2 * STEP, ended)
    assert len(explain_turns(ledger, story, TURNING, arrivals, slots[-1])) == 1
