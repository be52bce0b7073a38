"""The floor: what a request costs `ab`, which is written in C and stores nothing."""

import re
import resource
import shutil
import subprocess

_REQUESTS = 20_000
_AT_ONCE = 20


def ab(url: str) -> dict[str, float] | None:
    """CPU milliseconds per request of ApacheBench in this run; None where it is not installed."""
    program = shutil.which("ab")
    if not program:
        return None
    before = _children_ms()
    command = [program, "-q", "-n", str(_REQUESTS), "-c", str(_AT_ONCE), f"{url}/floor"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    done = re.search(r"Complete requests:\s+(\d+)", told.stdout)
    if not done:
        return None
    return {"ab_cpu_ms_per_request": (_children_ms() - before) / int(done[1])}


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000
