"""Server-Sent Events, as bytes."""

import json
from collections.abc import Iterable, Mapping

AWAY, BACK, BEAT, END, MONITORS, PAGE = "away", "back", "beat", "end", "monitors", "page"


def event(name: str, data: Mapping[str, object] | None = None) -> bytes:
    """One event: its data is an object in JSON, on one line. A browser passes over events without data."""
    return _event(name, _json(data or {}))


def rows_event(rows: Iterable[bytes]) -> bytes:
    """The event `monitors` of rows that `row` has written."""
    return _event(MONITORS, b"[" + b",".join(rows) + b"]")


def row(data: Mapping[str, object]) -> bytes:
    """A row of the event `monitors`: written once, sent to many."""
    return _json(data)


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _json(data: Mapping[str, object]) -> bytes:
    # Line ends and everything beyond ASCII are escaped: nothing in the data can end the event.
    return json.dumps(data, separators=(",", ":")).encode()
