"""What others spend on the same target: `ab`, the floor, and Debian's prometheus-blackbox-exporter."""

import os
import re
import resource
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import Signals

import processes
from progress import Progress
from target import Target, free_port

from emeter_storage.servers import child_command

_REQUESTS = {"http": 20_000, "https": 5_000}
_AT_ONCE = 20
_BLACKBOX = "prometheus-blackbox-exporter"
_PROBES_S = 15
_READY_WITHIN_S = 20
# The authorities come by SSL_CERT_FILE, read once; with a `ca_file` here it would read them for each probe.
_MODULES = """
modules:
  probe: {prober: http, timeout: 5s, http: {preferred_ip_protocol: ip4}}
"""


def ab(url: str) -> float | None:
    """CPU milliseconds per request of ApacheBench, written in C; None where it is not installed."""
    before = _children_ms()
    done = _drive(f"{url}/floor", "-n", str(_REQUESTS[url.partition(":")[0]]))
    return (_children_ms() - before) / done if done else None


def peers(target: Target, directory: Path, progress: Progress) -> dict[str, object]:
    """CPU milliseconds per request of each, plain and HTTPS; None for what is not installed."""
    urls = {"http": target.url, "https": target.tls_url}
    progress.say("Measuring `ab` ...")
    figures: dict[str, object] = {"ab": {scheme: ab(url) for scheme, url in urls.items()}}
    program = shutil.which(_BLACKBOX)
    if not program or not shutil.which("ab"):
        return figures | {"blackbox": None}
    progress.say("Measuring the blackbox exporter ...")
    with _blackbox(program, target, directory) as (pid, port):
        found = {scheme: _probe(pid, port, url) for scheme, url in urls.items()}
        figures["blackbox"] = found | {"version": _version(program), "memory_mb": processes.memory_of(pid)}
    return figures


def _probe(pid: int, port: int, url: str) -> dict[str, float]:
    """Have it probe as fast as it can: its CPU for each, and how many a second; who asks is not counted."""
    asked = f"http://127.0.0.1:{port}/probe?module=probe&target={url}/floor"
    with urllib.request.urlopen(asked, timeout=10) as answer:
        if b"probe_success 1" not in answer.read():
            return {}
    before, began = processes.cpu_of(pid), time.monotonic()
    done = _drive(asked, "-t", str(_PROBES_S), "-n", "10000000")
    used, took = processes.cpu_of(pid) - before, time.monotonic() - began
    return {"cpu_ms": used / max(1, done), "rate": done / took}


@contextmanager
def _blackbox(program: str, target: Target, directory: Path) -> Iterator[tuple[int, int]]:
    port, config = free_port(), directory / "blackbox.yml"
    config.write_text(_MODULES)
    argv = [program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    process = subprocess.Popen(
        child_command(argv, death_signal=Signals.SIGTERM),
        env=os.environ | {"SSL_CERT_FILE": str(target.trusted)},
    )
    try:
        end = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy", timeout=1).close()
                break
            time.sleep(0.05)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _drive(url: str, *how_many: str) -> int:
    """Have `ab` ask, on a new connection each time; returns how often it was answered."""
    program = shutil.which("ab")
    if not program:
        return 0
    command = [program, "-q", "-l", "-c", str(_AT_ONCE), *how_many, url]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    done = re.search(r"Complete requests:\s+(\d+)", told)
    failed = re.search(r"(?:Failed requests|Non-2xx responses):\s+([1-9]\d*)", told)
    return int(done[1]) if done and not failed else 0


def _version(program: str) -> str:
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", told.stdout + told.stderr)
    return found[1].rstrip(",") if found else "unknown"


def _children_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000
