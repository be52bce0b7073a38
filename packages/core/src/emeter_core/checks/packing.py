"""Results as PostgreSQL's COPY reads them: one `pack` per success."""

import json
import struct

from emeter_core.checks.finished import Finished
from emeter_core.microseconds import to_stored
from emeter_core.outcome import Phases

COLUMNS = ("slot", "probe_id", "total_us", "late_ms", "reason", "code", "phases", "evidence")

# PostgreSQL counts its microseconds from 2000.
_POSTGRES_EPOCH_US = 946_684_800_000_000
_SMALLINT_MAX = 32_767
_NULL = -1
_JSONB_VERSION = b"\x01"

# The number of fields, then each as its length and its value: widths of COLUMNS, the evidence's length last.
_ROW = struct.Struct(">h iq ii ii ih ih ih i4H i".replace(" ", ""))
_PHASES = struct.Struct(">4H")
# As rows had them before phases were made short; the last of these are dropped with their day.
_WHOLE_PHASES = struct.Struct(">4I")

# A phase has 16 bits: 4 of exponent over 12 of mantissa, so that a row is 8 bytes less than with 32.
_EXACT_BELOW = 8_192
_EXACT_BITS = 13
_MANTISSA_BITS = 12
_MANTISSA = 4_095
_LONGEST_US = 8_191 << 14


def pack_result(finished: Finished) -> bytes:
    """One row of `results`."""
    claim, outcome = finished.claim, finished.outcome
    dns, connect, tls, wait, _ = phases = outcome.phases
    evidence = _pack_json(outcome.evidence) if outcome.evidence else b""
    row = _ROW.pack(
        *(8, 8, claim.slot_us - _POSTGRES_EPOCH_US),
        *(4, claim.probe_id),
        *(4, to_stored(sum(phases))),
        *(2, min(finished.late_ms, _SMALLINT_MAX)),
        *(2, outcome.reason),
        *(2, outcome.code),
        *(_PHASES.size, _shorten(dns), _shorten(connect), _shorten(tls), _shorten(wait)),
        len(evidence) or _NULL,
    )
    return row + evidence


def pack_phases(phases: Phases) -> bytes:
    """The phases as a row holds them: exact below 8.2 ms, from there on within 0.013 %, 134 s at most."""
    return _PHASES.pack(*map(_shorten, phases[:4]))


def unpack_phases(packed: bytes, total_us: int) -> Phases:
    """The phases of a stored result, the transfer being what the others leave of the total."""
    if len(packed) == _PHASES.size:
        dns, connect, tls, wait = map(_lengthen, _PHASES.unpack(packed))
    else:
        dns, connect, tls, wait = _WHOLE_PHASES.unpack(packed)
    return Phases(dns, connect, tls, wait, max(0, total_us - dns - connect - tls - wait))


def sql_phase(column: str, number: int) -> str:
    """SQL for a phase of a row in microseconds: 0 the look-up, 1 connect, 2 TLS, 3 wait."""
    short = _sql_bytes(column, 2 * number, 2)
    long = _sql_bytes(column, 4 * number, 4)
    mantissa = f"(({short} & {_MANTISSA}) + {_MANTISSA + 1})"
    return (
        f"CASE WHEN length({column}) <> {_PHASES.size} THEN {long} WHEN {short} < {_EXACT_BELOW} THEN {short}"
        f" ELSE {mantissa} << (({short} >> {_MANTISSA_BITS}) - 1) END"
    )


def _sql_bytes(column: str, first: int, count: int) -> str:
    """SQL for a big-endian number in a bytea; ours are far below 2^31."""
    places = ((first + n, 8 * (count - 1 - n)) for n in range(count))
    parts = (f"get_byte({column}, {place}) << {shift}" for place, shift in places)
    return "(" + " | ".join(f"({part})" for part in parts) + ")"


def _shorten(us: int) -> int:
    """Round to 13 significant bits; what is carried into the next exponent comes out right by itself."""
    if us < _EXACT_BELOW:
        return us
    us = min(us, _LONGEST_US)
    shift = us.bit_length() - _EXACT_BITS
    return (shift << _MANTISSA_BITS) + ((us + (1 << shift >> 1)) >> shift)


def _lengthen(short: int) -> int:
    """The number that `_shorten` made short."""
    if short < _EXACT_BELOW:
        return short
    return ((short & _MANTISSA) + _MANTISSA + 1) << ((short >> _MANTISSA_BITS) - 1)


def _pack_json(value: object) -> bytes:
    return _JSONB_VERSION + json.dumps(value).encode()
