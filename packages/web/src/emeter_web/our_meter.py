"""Our own meter in the frame of every page: do checks come, and do they come on time."""

import threading
import time
from datetime import datetime

from flask import Flask, current_app

from emeter_core.health import Health, look
from emeter_web import db
from emeter_web.health import parts_of
from emeter_web.shell import Ours

_LOOK_EVERY_S = 5.0
# Later than this by p99, and it is worth a word.
_LATE_MS = 500
_ON_TIME = "Checking on time"


class OurMeter:
    """What was seen last. A look goes through all probes, so pages share one for some seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Ours | None = None
        self._look_again_at = 0.0

    def read(self) -> Ours | None:
        """What is seen now, or was a few seconds ago; the request that finds it old looks anew."""
        with self._lock:
            is_old = time.monotonic() >= self._look_again_at
            if is_old:
                self._look_again_at = time.monotonic() + _LOOK_EVERY_S
        if is_old:
            self._seen = told(look(db.session(), now=db.now()), now=db.now())
        return self._seen


def register(app: Flask) -> None:
    """Give the application its meter."""
    app.extensions["emeter_our_meter"] = OurMeter()


def read() -> Ours | None:
    """What the meter of this application shows."""
    meter: OurMeter = current_app.extensions["emeter_our_meter"]
    return meter.read()


def told(health: Health, *, now: datetime) -> Ours:
    """Say in a word and a line how we are."""
    wrong = [part for part in parts_of(health, now=now) if not part.ok]
    if wrong:
        return Ours("degraded", "Not all is well", ", ".join(f"{part.name} {part.why}" for part in wrong))
    late = health.lateness_p99_ms
    word = _word(late, health.missed)
    missed = f"{health.missed:,} missed" if health.missed else "none missed"
    figures = [missed] if late is None else [f"p99 {late:,.0f} ms late", missed]
    return Ours("up" if word == _ON_TIME else "degraded", word, ", ".join(figures))


def _word(late_ms: float | None, missed: int) -> str:
    if late_ms is not None and late_ms > _LATE_MS:
        return "Checks start late"
    return "Checks were missed" if missed else _ON_TIME
