"""How long to wait before a delivery is tried again. Pure."""

import zlib
from datetime import timedelta
from uuid import UUID

# Standard Webhooks 1.0, up to its seventh attempt: 17 h 35 min.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)
ATTEMPTS = len(PAUSES) + 1
JITTER = 0.2
# A receiver may ask us to wait, but not for ever.
LONGEST_WISH = timedelta(hours=24)


def pause_after(
    attempts: int, delivery_id: UUID, *, retry_after: timedelta | None = None
) -> timedelta | None:
    """The pause after so many failed attempts (from 1), within 20 % of its rung; None: give up.

    The spread comes from the id, so that deliveries that failed together do not come back together.
    A receiver's own wish counts where it is longer.
    """
    if attempts >= ATTEMPTS:
        return None
    chance = zlib.crc32(delivery_id.bytes + attempts.to_bytes(2)) / 0xFFFFFFFF
    pause = PAUSES[attempts - 1] * (1 - JITTER + 2 * JITTER * chance)
    return max(pause, min(retry_after or timedelta(), LONGEST_WISH))
