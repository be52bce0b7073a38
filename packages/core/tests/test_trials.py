"""Trials: asked by a page, taken by one checker, answered once, forgotten soon."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from emeter_core import trials
from emeter_core.accounts import Registration, register_user, scope_of
from emeter_core.errors import Invalid, NotFound
from emeter_core.trials import Trial
from emeter_core.vault import Vault
from emeter_core.waiting import waiting_for_checker
from emeter_storage.engine import SessionFactory, make_engine, make_session_factory
from emeter_storage.errors import UserError

MINUTE = timedelta(minutes=1)
PAYLOAD = {"target": "http://example.com/", "settings": {"headers": [["Authorization", "Bearer hush"]]}}


def waiting(session, now) -> set[str]:
    """The kinds of the trials that the checker is told of."""
    told = waiting_for_checker(session, now=now)
    return {kind for kind, waits in (("check", told.checks), ("channel", told.channels)) if waits}


@pytest.fixture
def ask(session, alice, vault, noon):  # noqa: ANN201 - a function
    def run(kind: str = "check", *, scope=alice, now=noon, **payload: object) -> Trial:
        return trials.ask(session, scope, kind, payload or PAYLOAD, vault=vault, now=now)

    return run


def test_what_is_asked_can_be_looked_up_and_lies_encrypted(session, alice, ask, vault, noon) -> None:
    asked = ask()
    found = trials.get_trial(session, alice, str(asked.id), now=noon)
    assert found is asked
    assert (found.team_id, found.user_id, found.kind) == (alice.team.id, alice.user.id, "check")
    assert (found.answer, found.taken_at, found.answered_at) == (None, None, None)
    assert trials.payload_of(found, vault) == PAYLOAD
    assert b"hush" not in found.payload
    with pytest.raises(UserError):
        trials.payload_of(found, Vault("another key of the tests, long enough"))


def test_charlie_finds_no_trial_of_alice(session, charlie, ask, noon) -> None:
    with pytest.raises(NotFound):
        trials.get_trial(session, charlie, ask().id, now=noon)


@pytest.mark.parametrize("trial_id", ["", "x", "0", "\0", str(uuid.UUID(int=0))])
def test_an_id_that_is_none_finds_nothing(session, alice, trial_id: str, noon) -> None:
    with pytest.raises(NotFound):
        trials.get_trial(session, alice, trial_id, now=noon)


def test_a_trial_is_gone_after_ten_minutes(session, alice, ask, noon) -> None:
    asked = ask()
    trials.get_trial(session, alice, asked.id, now=noon + 10 * MINUTE - timedelta(microseconds=1))
    with pytest.raises(NotFound):
        trials.get_trial(session, alice, asked.id, now=noon + 10 * MINUTE)
    assert trials.take_trials(session, "check", now=noon + 10 * MINUTE, limit=9) == []
    assert waiting(session, noon + 10 * MINUTE) == set()


def test_what_waits_is_taken_once_oldest_first_and_by_its_kind(session, ask, noon) -> None:
    second, first = ask(now=noon), ask(now=noon - MINUTE)
    channel = ask("channel")
    assert waiting(session, noon) == {"check", "channel"}
    assert [each.id for each in trials.take_trials(session, "check", now=noon, limit=9)] == [
        first.id,
        second.id,
    ]
    assert trials.take_trials(session, "check", now=noon, limit=9) == []
    assert waiting(session, noon) == {"channel"}
    assert [each.id for each in trials.take_trials(session, "channel", now=noon, limit=9)] == [channel.id]
    assert {each.taken_at for each in session.scalars(select(Trial))} == {noon}


def test_no_more_are_taken_than_asked_for(session, ask, noon) -> None:
    later, earlier = ask(now=noon), ask(now=noon - MINUTE)
    assert [each.id for each in trials.take_trials(session, "check", now=noon, limit=1)] == [earlier.id]
    assert [each.id for each in trials.take_trials(session, "check", now=noon, limit=1)] == [later.id]


def test_an_answer_is_given_once(session, alice, ask, noon) -> None:
    asked = ask()
    trials.take_trials(session, "check", now=noon, limit=1)
    assert trials.answer(session, asked.id, {"condition": "up", "total_us": 7}, now=noon + MINUTE)
    assert not trials.answer(session, asked.id, {"condition": "down"}, now=noon + 2 * MINUTE)
    found = trials.get_trial(session, alice, asked.id, now=noon + MINUTE)
    assert (found.answer, found.answered_at) == ({"condition": "up", "total_us": 7}, noon + MINUTE)
    assert waiting(session, noon) == set()


def test_an_answer_to_what_is_gone_is_lost(session, noon) -> None:
    assert not trials.answer(session, uuid.uuid4(), {}, now=noon)


def test_a_team_may_wait_for_twenty_answers_at_once(session, alice, charlie, ask, noon) -> None:
    asked = [ask() for _ in range(20)]
    with pytest.raises(Invalid) as refused:
        ask("channel")
    assert set(refused.value.fields) == {"trial"}
    ask(scope=charlie)
    trials.answer(session, asked[0].id, {}, now=noon)
    ask()
    with pytest.raises(Invalid):
        ask()
    # What nobody answered does not count for ever.
    ask(now=noon + 10 * MINUTE)


def test_an_unknown_kind_is_a_bug(session, ask, noon) -> None:
    with pytest.raises(ValueError, match="pager"):
        ask("pager")
    with pytest.raises(ValueError, match="pager"):
        trials.take_trials(session, "pager", now=noon, limit=1)


def test_what_expired_is_purged(session, ask, noon) -> None:
    answered, _unanswered, younger = ask(), ask(), ask(now=noon + MINUTE)
    trials.answer(session, answered.id, {}, now=noon)
    assert trials.purge(session, now=noon + 10 * MINUTE) == 2
    assert session.scalars(select(Trial.id)).all() == [younger.id]


def test_what_was_asked_at_a_time_to_come_is_gone_ten_minutes_after_a_step_back(session, ask, noon) -> None:
    ahead, usual = ask(now=noon + timedelta(days=1)), ask()
    assert trials.realign(session, now=noon) == 1
    assert trials.realign(session, now=noon) == 0
    assert trials.purge(session, now=noon + 9 * MINUTE) == 0
    assert trials.purge(session, now=noon + 10 * MINUTE) == 2
    assert session.get(Trial, ahead.id, populate_existing=True) is None
    assert session.get(Trial, usual.id, populate_existing=True) is None


# Below, two connections: on a database of their own.


@pytest.fixture
def sessions(database_url: str) -> Iterator[SessionFactory]:
    engine = make_engine(database_url, name="tests", pool_size=3)
    yield make_session_factory(engine)
    engine.dispose()


def test_two_checkers_take_different_trials(sessions, vault, noon) -> None:
    with sessions.begin() as session:
        user = register_user(session, Registration("dora@example.com", "$2b$04$" + "x" * 53), now=noon)
        scope = scope_of(session, user)
        for _ in range(4):
            trials.ask(session, scope, "check", PAYLOAD, vault=vault, now=noon)
    with sessions() as one, sessions() as other:
        first = trials.take_trials(one, "check", now=noon, limit=2)
        # What is locked is passed over, not waited for.
        second = trials.take_trials(other, "check", now=noon, limit=9)
        one.commit()
        other.commit()
    assert (len(first), len(second)) == (2, 2)
    assert not {each.id for each in first} & {each.id for each in second}


def test_a_trial_outlives_who_asked(session, alice, ask, noon) -> None:
    asked = ask()
    session.execute(update(Trial).values(user_id=None))
    session.expire(asked)
    assert trials.get_trial(session, alice, asked.id, now=noon).user_id is None
