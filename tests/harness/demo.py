"""A believable fleet with a day of results behind it, for pages to be looked at. Nothing of it is checked."""

import json
import urllib.request
from dataclasses import dataclass, field

from sqlalchemy import text

from emeter_core.outcome import Reason
from harness.emeter import EMAIL, PASSWORD, Emeter

# As long as a name may be.
LONG = (
    "Legacy EDI importer for customs declarations, bonded warehouse notifications and proofs of delivery,"
    " Rotterdam Maasvlakt"
)
_PLACES = (
    "Aarhus",
    "Bergen",
    "Cork",
    "Dresden",
    "Essen",
    "Faro",
    "Gdansk",
    "Hamburg",
    "Izmir",
    "Jena",
    "Kiel",
)
_REFUSED = {"url": "http://192.0.2.71:8443/", "address": "192.0.2.71", "error": "Connection refused"}
_ANSWER = {
    "url": "https://api.payments.example.com/v2/health",
    "final_url": "https://api.payments.example.com/v2/health",
    "address": "192.0.2.71",
    "code": 503,
    "headers": [["server", "edge/2.1"], ["retry-after", "30"], ["content-type", "application/json"]],
    "body": '{"status": "unhealthy", "checks": {"ledger-db": "timeout after 20 s", "cache": "ok"}}',
}


@dataclass(frozen=True)
class Sample:
    """A monitor to show: what it is in, since how many minutes, and why."""

    name: str
    target: str
    condition: str = "up"
    minutes: int = 60 * 24 * 12
    reason: Reason = Reason.OK
    evidence: dict[str, object] = field(default_factory=dict)
    latency_ms: int = 120
    paused: bool = False
    earlier: tuple[tuple[str, int, int], ...] = ()
    """What it was in before: a condition, how many minutes ago it began, and for how many minutes."""


FLEET = (
    Sample(
        "Payments API",
        "https://api.payments.example.com/v2/health",
        "down",
        6,
        Reason.UNEXPECTED_CODE,
        _ANSWER,
        177,
        earlier=(("down", 980, 19), ("down", 60 * 24 * 9, 7)),
    ),
    Sample(
        "Customs gateway, Rotterdam",
        "http://192.0.2.71:8443/",
        "down",
        3,
        Reason.CONNECTION_REFUSED,
        _REFUSED,
        earlier=(("down", 600, 22),),
    ),
    Sample(
        LONG,
        "https://edi.example.com/" + "a-long-path/" * 160,
        "down",
        126,
        Reason.CERTIFICATE_EXPIRED,
        {},
        88,
    ),
    Sample(
        "Warehouse door controller 7", "http://door7.example.com/", "no_data", 84, Reason.RESOLVER_UNAVAILABLE
    ),
    Sample("Router of the office", "http://169.254.1.1/", "blocked", 45, Reason.ADDRESS_BLOCKED),
    Sample("Rate quotes v3", "https://quotes.example.com/v3/status", "pending", 1),
    Sample("Old intranet", "https://intranet.example.com/", paused=True, minutes=60 * 24 * 3),
    Sample("Search", "https://www.example.com/search?q=pallet", latency_ms=284),
    *(
        Sample(
            f"{place} depot",
            f"https://{place.lower()}.example.com/health",
            latency_ms=40 + 13 * n,
            earlier=(("down", 300 + 77 * n, 4 + n),) if n % 4 == 0 else (),
        )
        for n, place in enumerate(_PLACES)
    ),
)


def furnish(emeter: Emeter) -> dict[str, str]:
    """Fill an `emeter up` with the fleet, of a user who can log in; returns paths of pages worth a look."""
    emeter.run("user", "create", EMAIL, "--password-stdin", text=PASSWORD)
    emeter.add_monitors([{"name": each.name, "target": each.target} for each in FLEET])
    with emeter.database.begin() as connection:
        # Their next check is far away: the samples stay what they are.
        connection.execute(text("DELETE FROM claims"))
        connection.execute(
            text("UPDATE probes SET next_slot = now() + interval '1 day', interval_ms = 86400000")
        )
        connection.execute(text("DELETE FROM results"))
        connection.execute(text("DELETE FROM status_changes"))
        for sample in FLEET:
            values = _values(sample)
            for statement in _STATEMENTS:
                connection.execute(text(statement), values)
            for change in _changes(sample):
                connection.execute(text(_CHANGE), {**values, **change})
            if sample.condition == "down":
                connection.execute(text(_INCIDENT), values)
        connection.execute(text(_TAKEN), {"name": "Payments API"})
        connection.execute(text(_TOLD))
        for name, state, tries in (("Customs gateway, Rotterdam", "pending", 2), (LONG, "failed", 7)):
            connection.execute(text(_UNTOLD), {"name": name, "state": state, "tries": tries})
    return _paths(emeter)


def _values(sample: Sample) -> dict[str, object]:
    return {
        "name": sample.name,
        "condition": sample.condition,
        "paused": sample.paused,
        "minutes": sample.minutes,
        "reason": sample.reason.value,
        "cause": sample.reason.slug,
        "evidence": json.dumps(sample.evidence),
        "us": sample.latency_ms * 1000,
        "code": 503 if sample.reason is Reason.UNEXPECTED_CODE else 200 if sample.condition == "up" else 0,
    }


def _changes(sample: Sample) -> list[dict[str, object]]:
    """What it was in since it was made, oldest first, as nothing else but a clock would have it."""
    if sample.condition == "pending":
        return [{"is": "pending", "ago": sample.minutes}]
    changes = [("up", 60 * 24 * 40), (sample.condition, sample.minutes)]
    for condition, ago, length in sample.earlier:
        changes += [(condition, ago), ("up", ago - length)]
    return [{"is": condition, "ago": ago} for condition, ago in sorted(changes, key=lambda each: -each[1])]


_STATEMENTS = (
    """UPDATE monitors SET condition = :condition, condition_since = now() - :minutes * interval '1 minute',
       inserted_at = now() - interval '40 days',
       paused_at = CASE WHEN :paused THEN now() - :minutes * interval '1 minute' END WHERE name = :name""",
    """UPDATE probes SET condition = :condition, last_slot = CASE WHEN :condition <> 'pending' THEN now() -
       interval '20 seconds' END, last_total_us = CASE WHEN :condition <> 'pending' THEN :us END,
       last_reason = CASE WHEN :condition <> 'pending' THEN :reason END, last_code = :code,
       certificate_ends_at = now() + interval '61 days', enabled = NOT :paused
       FROM monitors m WHERE m.id = probes.monitor_id AND m.name = :name""",
    """INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases, evidence)
       SELECT slot, p.id, total, 1, CASE WHEN bad THEN :reason ELSE 0 END,
         CASE WHEN bad THEN :code ELSE 200 END,
         decode(lpad(to_hex(total / 30), 8, '0') || lpad(to_hex(total / 9), 8, '0') ||
           lpad(to_hex(total / 5), 8, '0') || lpad(to_hex(total / 2), 8, '0'), 'hex'),
         CASE WHEN bad THEN CAST(:evidence AS jsonb) END
       FROM probes p JOIN monitors m ON m.id = p.monitor_id, LATERAL (
         SELECT slot, (:us * (1 + 0.2 * sin(extract(epoch FROM slot) / 9000) + 0.15 * random()
           + CASE WHEN random() < 0.01 THEN 0.9 ELSE 0 END))::int AS total,
           :condition = 'down' AND slot > now() - :minutes * interval '1 minute' AS bad
         FROM generate_series(date_trunc('minute', now()) - interval '1 day', now(), interval '1 minute') slot
       ) s WHERE m.name = :name AND :condition <> 'pending'""",
)
_CHANGE = """
INSERT INTO status_changes (team_id, monitor_id, effective_at, recorded_at, reason, condition, paused)
SELECT team_id, id, now() - :ago * interval '1 minute', now() - :ago * interval '1 minute',
  CASE WHEN :is = 'up' THEN 0 WHEN :is = :condition THEN :reason ELSE 20 END, :is,
  :paused AND :ago = :minutes
FROM monitors WHERE name = :name
"""
_INCIDENT = """
WITH opened AS (
  INSERT INTO incidents (public_id, team_id, title, cause, evidence, started_at, confirmed_at)
  SELECT gen_random_uuid(), team_id, name, :cause, CAST(:evidence AS jsonb),
    now() - :minutes * interval '1 minute', now() - :minutes * interval '1 minute' + interval '10 seconds'
  FROM monitors WHERE name = :name RETURNING id, team_id, title, started_at)
INSERT INTO incident_monitors (incident_id, monitor_id, team_id, started_at)
SELECT o.id, m.id, o.team_id, o.started_at FROM opened o JOIN monitors m ON m.name = o.title
"""
_TAKEN = """
UPDATE incidents SET acknowledged_at = started_at + interval '1 minute', acknowledged_by = u.id
FROM users u WHERE title = :name
"""
_TOLD = """
INSERT INTO deliveries (id, team_id, incident_id, channel_id, event, channel, recipient, state, attempts,
  next_attempt_at, sent_at, inserted_at)
SELECT gen_random_uuid(), i.team_id, i.id, c.id, 'incident.opened', c.kind, c.target, 'sent', 1,
  i.confirmed_at, i.confirmed_at + interval '400 milliseconds', i.confirmed_at
FROM incidents i JOIN channels c ON c.team_id = i.team_id
"""
_UNTOLD = """
INSERT INTO deliveries (id, team_id, incident_id, event, channel, recipient, state, attempts, error,
  next_attempt_at, inserted_at)
SELECT gen_random_uuid(), team_id, id, 'incident.opened', 'webhook', 'https://hooks.example.com/in/7f2c',
  :state, :tries, 'Connection refused', now() + interval '1 day', confirmed_at
FROM incidents WHERE title = :name
"""


def _paths(emeter: Emeter) -> dict[str, str]:
    monitor = emeter.rows("SELECT public_id FROM monitors WHERE name = 'Payments API'")[0][0]
    long = emeter.rows("SELECT public_id FROM monitors WHERE name = :name", name=LONG)[0][0]
    slot = emeter.rows(
        "SELECT (extract(epoch FROM max(slot)) * 1000000)::bigint FROM results r"
        " JOIN probes p ON p.id = r.probe_id JOIN monitors m ON m.id = p.monitor_id"
        " WHERE m.name = 'Payments API'"
    )[0][0]
    incident = emeter.rows("SELECT public_id FROM incidents WHERE title = 'Payments API'")[0][0]
    heartbeat = _heartbeat(emeter)
    return {
        "dashboard": "/",
        "monitors": "/monitors",
        "monitors_down": "/monitors?status=down",
        "monitors_none": "/monitors?q=nothing-like-it",
        "monitor_new": "/monitors/new",
        "monitor_new_tcp": "/monitors/new?kind=tcp",
        "monitor": f"/monitors/{monitor}",
        "monitor_new_heartbeat": "/monitors/new?kind=heartbeat",
        "monitor_heartbeat": f"/monitors/{heartbeat}",
        "monitor_long": f"/monitors/{long}",
        "monitor_edit": f"/monitors/{monitor}/edit",
        "monitor_delete": f"/monitors/{monitor}/delete",
        "check": f"/monitors/{monitor}/checks/{slot}",
        "incidents": "/incidents",
        "incident": f"/incidents/{incident}",
        "alerts": "/alerts",
        "settings": "/users/settings",
        "settings_delete": "/users/settings/delete",
        "reset": _reset_path(emeter),
        "mailbox": "/dev/mailbox",
        "not_found": "/monitors/00000000-0000-0000-0000-000000000000",
    }


def _heartbeat(emeter: Emeter) -> str:
    """A job that is down since its last run, in the middle of the next; answers the id of its monitor."""
    options = ("--schedule", "0 3 * * *", "--time-zone", "Europe/Berlin", "--grace", "30 min")
    added = emeter.run("monitor", "add", "--kind", "heartbeat", "--name", "Nightly backup", *options)
    public_id = added.stdout.strip()
    shown = emeter.run("monitor", "show", public_id).stdout
    url = next(line.split()[-1] for line in shown.splitlines() if line.startswith("ping URL:"))
    said = b"pg_dump: error: connection to server failed\ncould not connect to ledger-db"
    told = (("/start", None), ("/0", b"41 tables"), ("/start", None), ("/3", said), ("/start", None))
    for end, data in told:
        urllib.request.urlopen(url + end, data, timeout=10).close()
    return public_id


def _reset_path(emeter: Emeter) -> str:
    """Where the link leads by which a password is set; it logs the user out."""
    link = emeter.run("user", "reset-password", EMAIL).stdout.split()[-1]
    return link[link.index("/users/") :]
