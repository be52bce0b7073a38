"""The window: what every process has used at its begin and its end, and what came of it."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import processes
import stored
import workers
from arrivals import Window, read_arrivals
from instance import Instance
from options import Options
from progress import Progress
from target import Target

_EVERY_S = 5
_SETTLE_S = 7.0
"""What started last has its timeout to end, the recorder its turn, and the worker its 5 s to tell."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All counters at one moment; `at` is PostgreSQL's time."""

    at: datetime
    cpu: dict[str, float]
    target_ms: float
    busy_ms: float
    workers: workers.Workers


def measure(
    instance: Instance, target: Target, phases: dict[int, int], options: Options, progress: Progress
) -> dict[str, object]:
    """Warm up, measure, let the last checks end; returns all figures."""
    _watch("warm-up", options.warmup, instance, target, progress)
    begin = _moment(instance, target)
    _watch("measuring", options.seconds, instance, target, progress)
    end = _moment(instance, target)
    progress.say("Letting the last checks end ...")
    memory = processes.memory_by_role(instance.pid)
    time.sleep(_SETTLE_S)
    told = workers.ask(instance) - begin.workers
    window = _window(begin.at, options)
    results = stored.results(instance, window, phases)
    return {
        "rate": results["stored"] / options.seconds,
        "results": results,
        "cpu_ms_per_check": _per_check(begin, end, results["stored"]),
        "target_cpu_ms_per_check": (end.target_ms - begin.target_ms) / max(1, results["stored"]),
        "busy_share": _busy(begin, end),
        "lateness_ms": {
            "worker": told.lateness(),
            "results": stored.lateness(instance, window),
            "target": read_arrivals(target.arrivals, phases, window),
        },
        "recorder": told.counts(),
        "gaps": stored.gaps(instance, window),
        "conditions": stored.conditions(instance),
        "bytes_per_result": stored.bytes_per_result(instance),
        "memory_mb": memory,
        "troubles": instance.troubles(),
    }


def _moment(instance: Instance, target: Target) -> Moment:
    told = workers.ask(instance)
    return Moment(
        instance.clock.now(),
        processes.cpu_by_role(instance.pid),
        processes.cpu_of(target.pid),
        processes.machine_busy_ms(),
        told,
    )


def _watch(what: str, seconds: int, instance: Instance, target: Target, progress: Progress) -> None:
    """Let time pass, and say how it goes from what the target has seen: that costs E-Meter nothing."""
    end = time.monotonic() + seconds
    served, at = target.served(), time.monotonic()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(_EVERY_S, left))
        now_served, now = target.served(), time.monotonic()
        rate = (now_served - served - 1) / (now - at)
        served, at = now_served, now
        progress.say(f"{what}: {max(0.0, end - now):4.0f} s left, {rate:,.0f} checks/s")
        instance.require_running()


def _window(begin: datetime, options: Options) -> Window:
    return Window(begin, begin + timedelta(seconds=options.seconds), options.interval * 1000)


def _per_check(begin: Moment, end: Moment, checks: int) -> dict[str, float]:
    used = {role: (end.cpu[role] - begin.cpu.get(role, 0.0)) / max(1, checks) for role in sorted(end.cpu)}
    return used | {"sum": sum(used.values())}


def _busy(begin: Moment, end: Moment) -> dict[str, float]:
    """The share of all cores that was busy: with ours, with the target, with what else runs there."""
    cores_ms = (end.at - begin.at).total_seconds() * 1000 * processes.cores()
    ours = (sum(end.cpu.values()) - sum(begin.cpu.values())) / cores_ms
    target = (end.target_ms - begin.target_ms) / cores_ms
    total = (end.busy_ms - begin.busy_ms) / cores_ms
    return {"ours": ours, "target": target, "others": max(0.0, total - ours - target)}
