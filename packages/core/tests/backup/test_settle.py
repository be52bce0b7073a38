"""What was true at the time of a backup is made fit for now: nothing is sent twice, nothing is forgotten."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from emeter_core.checks.slots import phase_ms

_DELIVERY = """
INSERT INTO deliveries (id, team_id, user_id, incident_id, channel_id, event, channel, recipient, body, state,
  next_attempt_at, lease_until, token, inserted_at)
SELECT gen_random_uuid(), c.team_id, NULL, i.id, c.id, :event, 'mail', c.target, NULL, :state,
  now() + interval '1 hour', CASE WHEN :leased THEN now() + interval '1 hour' END,
  CASE WHEN :leased THEN gen_random_uuid() END, now()
FROM channels c CROSS JOIN LATERAL (SELECT min(id) AS id FROM incidents WHERE resolved_at IS NULL) i
"""
_MAIL = """
INSERT INTO deliveries (id, user_id, event, channel, recipient, body, state, next_attempt_at, inserted_at)
SELECT gen_random_uuid(), id, 'account.confirmation', 'mail', email, 'sealed', 'pending', now(), now()
FROM users
"""
_STATES = "SELECT event, state, error, body, lease_until, token FROM deliveries ORDER BY event"


@pytest.fixture
def deliveries(old) -> None:
    old.run(_DELIVERY, event="incident.opened", state="sent", leased=False)
    old.run(_DELIVERY, event="incident.acknowledged", state="pending", leased=True)
    old.run(_MAIL)


def test_what_was_waiting_is_given_up_with_the_reason(move, old, new, deliveries) -> None:
    told = move()

    assert "Deliveries that were waiting: 2; they are given up, as each of them says." in told
    [mail, taken, opened] = new.rows(_STATES)
    made_at = old.one("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
    for each in (mail, taken):
        assert each[1] == "failed"
        assert str(each[2]).startswith(f"Not sent: it was waiting when the backup was made, {made_at}")
        assert each[3:] == (None, None, None)
    assert opened[:3] == ("incident.opened", "sent", None)


def test_what_was_waiting_is_sent_on_demand(move, new, deliveries) -> None:
    told = move(send_waiting=True)

    assert "Deliveries that were waiting: 2; they will be sent." in told
    assert [(event, state) for event, state, *_ in new.rows(_STATES)] == [
        ("account.confirmation", "pending"),
        ("incident.acknowledged", "pending"),
        ("incident.opened", "sent"),
    ]
    # Whoever had it is not here: nobody waits for the end of a lease.
    assert new.one("SELECT count(*) FROM deliveries WHERE next_attempt_at <= now()") == 2
    assert new.one("SELECT count(*) FROM deliveries WHERE lease_until IS NOT NULL") == 0


def test_incidents_stay_as_they_are(move, old, new) -> None:
    old.run(
        "UPDATE incidents SET acknowledged_at = now(), acknowledged_by = (SELECT id FROM users)"
        " WHERE id = (SELECT min(id) FROM incidents WHERE resolved_at IS NULL)"
    )
    all_of_them = "SELECT * FROM incidents JOIN incident_monitors m ON m.incident_id = id ORDER BY id"
    told = move()

    assert told[0].startswith("Open incidents: 3.")
    assert new.rows(all_of_them) == old.rows(all_of_them)
    assert new.rows("SELECT id, incident_open FROM probes ORDER BY id") == old.rows(
        "SELECT id, incident_open FROM probes ORDER BY id"
    )


def test_slots_that_were_missed_are_gaps_and_the_next_ones_are_spread(move, old, new) -> None:
    old.run("UPDATE probes SET next_slot = next_slot - interval '1 day' WHERE enabled")
    begin = datetime.now(UTC)
    move()
    end = datetime.now(UTC)

    found = new.rows(
        "SELECT p.id, p.interval_ms, p.next_slot, g.first_slot, g.last_slot, g.count, g.reason"
        " FROM probes p JOIN gaps g ON g.probe_id = p.id WHERE p.enabled AND p.condition <> 'pending'"
    )
    assert len(found) == 16
    before = dict(old.rows("SELECT id, next_slot FROM probes"))
    for probe, interval_ms, following, first, last, count, reason in found:
        interval = timedelta(milliseconds=int(str(interval_ms)))
        assert isinstance(following, datetime)
        assert isinstance(first, datetime)
        assert isinstance(last, datetime)
        assert reason == "restored"
        assert first == before[probe]
        assert (last - first) / interval == int(str(count)) - 1
        # The grid goes on: nothing is due at once, and nothing is left out.
        assert following == last + interval
        assert begin < following <= end + interval
        assert following.timestamp() * 1000 % int(str(interval_ms)) == pytest.approx(
            phase_ms(int(str(probe)), int(str(interval_ms))), abs=1
        )


def test_heartbeats_are_left_to_themselves(move, old, new) -> None:
    old.run("UPDATE probes SET location_id = 0, next_slot = now() - interval '1 hour' WHERE id = 1")
    move()

    now, before = (each.one("SELECT next_slot FROM probes WHERE id = 1") for each in (new, old))
    assert now == before
    assert new.one("SELECT count(*) FROM gaps WHERE probe_id = 1") == 0


def test_claims_that_nobody_will_answer_are_gaps(move, old, new) -> None:
    old.run(
        "INSERT INTO claims (probe_id, slot, lease_until, token, kind)"
        " SELECT id, next_slot - interval '1 minute', now() + interval '10 s', gen_random_uuid(), 'regular'"
        " FROM probes WHERE enabled AND interval_ms = 60000"
    )
    claimed = old.rows("SELECT probe_id, slot FROM claims ORDER BY 1")
    assert len(claimed) == 17
    move()

    assert new.one("SELECT count(*) FROM claims") == 0
    missed = set(new.rows("SELECT probe_id, first_slot FROM gaps WHERE reason = 'restored'"))
    assert set(claimed) <= missed


def test_silence_is_no_data_and_never_down(move, old, new) -> None:
    for slot in ("last_slot", "next_slot"):
        old.run(f"UPDATE probes SET {slot} = {slot} - interval '1 hour'")
    old.run("UPDATE monitors SET updated_at = now() - interval '1 day'")
    down = old.one("SELECT count(*) FROM status_changes WHERE condition = 'down'")
    move()

    conditions = dict(new.rows("SELECT condition, count(*) FROM monitors WHERE paused_at IS NULL GROUP BY 1"))
    assert conditions == {"no_data": 16, "pending": 2}
    assert new.one("SELECT count(*) FROM status_changes WHERE condition = 'down'") == down
    assert new.one("SELECT count(*) FROM incidents WHERE resolved_at IS NULL") == 3
    assert new.one("SELECT count(*) FROM deliveries") == 0


def test_sessions_end_and_links_stay(move, old, new) -> None:
    for context in ("session", "reset_password", "confirm"):
        old.run(
            "INSERT INTO users_tokens (id, user_id, token, context, inserted_at)"
            " SELECT gen_random_uuid(), id, :token, :context, now() FROM users",
            token=uuid.uuid4().bytes,
            context=context,
        )
    old.run(
        "INSERT INTO user_sessions (id, user_id, user_token_id, device, seen_at, inserted_at)"
        " SELECT gen_random_uuid(), user_id, id, 'a browser', now(), now() FROM users_tokens"
        " WHERE context = 'session'"
    )
    assert "Everybody logs in again." in move()

    assert new.rows("SELECT context FROM users_tokens ORDER BY 1") == [("confirm",), ("reset_password",)]
    assert new.rows("SELECT * FROM user_sessions") == []
    assert new.rows("SELECT email, hashed_password FROM users") == old.rows(
        "SELECT email, hashed_password FROM users"
    )


def test_processes_and_trials_of_there_are_not_here(move, old, new) -> None:
    assert old.one("SELECT count(*) FROM processes") == 3
    move()

    assert new.one("SELECT (SELECT count(*) FROM processes) + (SELECT count(*) FROM trials)") == 0


def test_without_results_the_history_stays(move, old, new) -> None:
    old.run("INSERT INTO rollups_progress (level, done_until) VALUES ('raw', NULL), ('quarter', now())")
    move(with_results=False)

    assert new.one("SELECT count(*) FROM results") == 0
    assert new.rows(
        "SELECT * FROM status_changes WHERE recorded_at < now() - interval '1 h' ORDER BY id"
    ) == old.rows("SELECT * FROM status_changes WHERE recorded_at < now() - interval '1 h' ORDER BY id")
    # Rollups are never counted again from results that are not there.
    assert (
        new.one("SELECT now() - kept_since < interval '1 h' FROM rollups_progress WHERE level = 'raw'")
        is True
    )
    assert new.one("SELECT kept_since FROM rollups_progress WHERE level = 'quarter'") is None
