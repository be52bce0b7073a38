"""Out of the outbox: deliveries claimed by a sender, each by one at a time."""

import uuid
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from emeter_core.outbox.channel import ChannelKind
from emeter_core.outbox.delivery import LEASE

MOST_PER_CHANNEL = 2
"""Deliveries of one channel that are under way at once: a receiver that hangs must not hold up the others."""


class Claimed(NamedTuple):
    """A delivery that is ours to send until the lease ends. `attempt` is from 1."""

    id: uuid.UUID
    token: uuid.UUID
    channel: str
    event: str
    recipient: str
    attempt: int
    team_id: uuid.UUID | None
    channel_id: uuid.UUID | None
    incident_id: int | None
    inserted_at: datetime | None = None
    """Since when it waits."""


# What is pending is sorted twice and joined with nothing: the time depends on its number, not on what the
# planner happens to know of a table that was empty a minute ago.
#
# `stage` puts the beginning of an incident before its end, whatever the clocks of two processes say. In
# `turn`, what is under way comes first and so takes its places; what another sender has locked at this moment
# counts as well, so two senders do not take two each. The conditions are asked again of the locked row, which
# may have changed. The end of a lease is also the next attempt: the index of what is due leaves it out.
_CLAIM = text("""
WITH pending AS (
  SELECT id, incident_id, channel_id, next_attempt_at, lease_until > :now AS is_under_way,
    CASE event WHEN 'incident.opened' THEN 0 WHEN 'incident.acknowledged' THEN 1 ELSE 2 END AS stage
  FROM deliveries WHERE state = 'pending' AND channel = :channel
), staged AS (
  SELECT *, min(stage) OVER (PARTITION BY incident_id, channel_id) AS first_stage FROM pending
), ready AS (
  SELECT id, channel_id, next_attempt_at, is_under_way, row_number() OVER (
    PARTITION BY channel_id ORDER BY is_under_way IS TRUE DESC, next_attempt_at, id
  ) AS turn
  FROM staged WHERE is_under_way OR (next_attempt_at <= :now AND stage = first_stage)
), allowed AS (
  SELECT id FROM ready
  WHERE is_under_way IS NOT TRUE AND (channel_id IS NULL OR turn <= :most)
  ORDER BY next_attempt_at, id LIMIT :limit
), locked AS (
  SELECT id FROM deliveries
  WHERE id = ANY (ARRAY(SELECT id FROM allowed)) AND state = 'pending' AND next_attempt_at <= :now
  FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE deliveries d SET token = gen_random_uuid(), lease_until = :lease_until, next_attempt_at = :lease_until
FROM locked WHERE d.id = locked.id
RETURNING d.id, d.token, d.channel, d.event, d.recipient, d.attempts + 1, d.team_id, d.channel_id,
  d.incident_id, d.inserted_at
""")


def claim_deliveries(
    session: Session, *, now: datetime, limit: int, channel: ChannelKind | str
) -> list[Claimed]:
    """Take deliveries of a kind of channel that are due; commit, then render and send them.

    A channel is told in order, never of the end of an incident while its beginning is still to be told, and
    of at most two at once. What is not marked within `LEASE` is claimed again.
    """
    values = {
        "now": now,
        "limit": limit,
        "channel": ChannelKind(channel).value,
        "most": MOST_PER_CHANNEL,
        "lease_until": now + LEASE,
    }
    return [Claimed(*row) for row in session.execute(_CLAIM, values)]
