"""A process with one engine that says what each check cost it: `python frugal.py`, a check a line.

In: JSON of `url`, `timeout` and `settings` of the kind `http`. Out: JSON of the reason, the milliseconds of
processor, the bytes of memory that it took at its height, those of bodies that it kept, and the characters of
evidence.
"""

import json
import re
import resource
import sys
from pathlib import Path
from queue import SimpleQueue

from emeter_checker.engine import Engine, Finished, Scheduled
from emeter_checker.guard import LOCAL_NETWORKS, AddressGuard
from emeter_checker.kinds.http.body import Body
from emeter_core.checks.spec import CheckSpec
from emeter_core.monitors.kinds.http import HttpSettings


def main() -> None:
    """Check what is asked for, one after the other."""
    ends: SimpleQueue[Finished] = SimpleQueue()
    kept = _note_what_is_kept()
    engine = Engine(AddressGuard(LOCAL_NETWORKS), ends.put)
    engine.start()
    for line in sys.stdin:
        asked = json.loads(line)
        spec = CheckSpec(0, 1, "http", asked["url"], asked["timeout"], HttpSettings(**asked["settings"]))
        # From here on the highest is that of this check.
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
        kept.clear()
        before, processor = _kilobytes("VmRSS"), _processor()
        engine.submit([Scheduled(spec, 0.0, None)])
        end = ends.get()
        told = {
            "reason": end.outcome.reason.name,
            "processor_ms": 1000 * (_processor() - processor),
            "memory": 1024 * (_kilobytes("VmHWM") - before),
            "kept": max(kept, default=0),
            "evidence": len(json.dumps(dict(end.outcome.evidence))),
            "seconds": end.ended_at - end.started_at,
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    engine.stop(0)


def _note_what_is_kept() -> list[int]:
    """Bytes of each body when it is let go of, which is after the check has ended."""
    kept: list[int] = []
    drop = Body.drop

    def note(body: Body) -> None:
        kept.append(len(body._stored))
        drop(body)

    Body.drop = note  # type: ignore[method-assign] # of this process alone
    return kept


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _kilobytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text("utf-8"))
    assert found
    return int(found[1])


if __name__ == "__main__":
    main()
