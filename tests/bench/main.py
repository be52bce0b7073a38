"""`make bench`: what a check costs, how late it starts, and whether one is missed.

Starts a target of its own, a whole E-Meter in a fresh data directory, and watches both from outside. See
docs/bench.md for how each figure is taken.
"""

import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import floor
import machine
import report
import verdict
from instance import Instance, NotReady
from measure import measure
from monitors import add_monitors
from options import Options, read_options
from progress import Progress
from target import NoNginx, Target, find_nginx


def main() -> int:
    """Run the bench; 0 where every figure is as asked."""
    options = read_options()
    # Ctrl-C and make's SIGTERM end in the same way: everything that was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        figures = _bench(options)
    except (NoNginx, NotReady) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    findings = verdict.judge(figures) if options.verdict else []
    if options.json:
        options.json.write_text(json.dumps(figures | {"findings": findings}, indent=2) + "\n")
    print("\n".join(report.lines(figures)))
    print("\n".join(verdict.lines(findings, judged=options.verdict)))
    return 1 if findings else 0


def _bench(options: Options) -> dict[str, object]:
    progress = Progress()
    nginx = find_nginx(progress)
    with ExitStack() as stack:
        directory = stack.enter_context(_directory())
        target = stack.enter_context(Target(nginx, directory / "target"))
        progress.say(f"Target on {target.url}; starting `emeter up` ...")
        instance = stack.enter_context(Instance(directory / "data", directory / "up.log"))
        about = machine.describe(instance, target, directory)
        progress.say(f"Adding {options.monitors:,} monitors at {options.interval} s ...")
        phases = add_monitors(instance, target.url, options)
        figures = measure(instance, target, phases, options, progress)
        bare = floor.ab(target.url) if options.floor else None
        progress.say("Stopping ...")
    return {"options": options.as_json(), "machine": about, "floor": bare} | figures


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory that the unprivileged account of the servers may pass through."""
    directory = Path(tempfile.mkdtemp(prefix="emeter-bench-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
