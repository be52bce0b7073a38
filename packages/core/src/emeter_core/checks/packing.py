"""Results as PostgreSQL's COPY reads them: one `pack` per success."""

import json
import struct

from emeter_core.checks.finished import Finished
from emeter_core.outcome import Phases

COLUMNS = ("slot", "probe_id", "total_us", "late_ms", "reason", "code", "phases", "evidence")

# PostgreSQL counts its microseconds from 2000.
_POSTGRES_EPOCH_US = 946_684_800_000_000
_SMALLINT_MAX = 32_767
_INT_MAX = 2_147_483_647
_NULL = -1
_JSONB_VERSION = b"\x01"

# The number of fields, then each as its length and its value: widths of COLUMNS, the evidence's length last.
_ROW = struct.Struct(">h iq ii ii ih ih ih i4I i".replace(" ", ""))
_PHASES = struct.Struct(">4I")


def pack_result(finished: Finished) -> bytes:
    """One row of `results`."""
    claim, outcome = finished.claim, finished.outcome
    dns, connect, tls, wait, _ = phases = outcome.phases
    evidence = _pack_json(outcome.evidence) if outcome.evidence else b""
    row = _ROW.pack(
        *(8, 8, claim.slot_us - _POSTGRES_EPOCH_US),
        *(4, claim.probe_id),
        *(4, min(sum(phases), _INT_MAX)),
        *(2, min(finished.late_ms, _SMALLINT_MAX)),
        *(2, outcome.reason),
        *(2, outcome.code),
        *(_PHASES.size, dns, connect, tls, wait),
        len(evidence) or _NULL,
    )
    return row + evidence


def unpack_phases(packed: bytes, total_us: int) -> Phases:
    """The phases of a stored result, the transfer being what the others leave of the total."""
    dns, connect, tls, wait = _PHASES.unpack(packed)
    return Phases(dns, connect, tls, wait, max(0, total_us - dns - connect - tls - wait))


def _pack_json(value: object) -> bytes:
    return _JSONB_VERSION + json.dumps(value).encode()
