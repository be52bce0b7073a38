"""The window: what every process has used at its begin and its end, and what came of it."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import processes
import stored
import workers
from arrivals import Window, read_arrivals
from house import House
from progress import Progress
from scenarios import Scenario

_EVERY_S = 5
_SETTLE_S = 7.0
"""Beside the timeout of what started last: the recorder has its turn, and the worker its 5 s to tell."""
_MOST_TROUBLES = 10


@dataclass(frozen=True, slots=True)
class Moment:
    """All counters at one moment; `at` is PostgreSQL's time."""

    at: datetime
    cpu: dict[str, float]
    target_ms: float
    helpers_ms: float
    busy_ms: float
    asked: int
    workers: workers.Workers


def measure(
    house: House, phases: dict[int, int], scenario: Scenario, progress: Progress
) -> dict[str, object]:
    """Warm up, measure, let the last checks end; returns all figures."""
    _watch("warm-up", scenario.warmup, house, progress)
    begin = _moment(house)
    _watch("measuring", scenario.seconds, house, progress)
    end = _moment(house)
    progress.say("Letting the last checks end ...")
    memory = processes.memory_by_role(house.instance.pid)
    time.sleep(_SETTLE_S + (scenario.timeout if scenario.hanging else 0))
    return _found(house, phases, scenario, begin, end) | {"memory_mb": memory}


def _found(
    house: House, phases: dict[int, int], scenario: Scenario, begin: Moment, end: Moment
) -> dict[str, object]:
    instance = house.instance
    told = workers.ask(instance) - begin.workers
    window = Window(begin.at, begin.at + timedelta(seconds=scenario.seconds), scenario.interval * 1000)
    results = stored.results(instance, window, phases)
    checks = max(1, results["stored"])
    return {
        "rate": results["stored"] / scenario.seconds,
        "results": results | {"hanging": _hanging(phases, scenario, window)},
        "cpu_ms_per_check": _per_check(begin, end, checks),
        "target_cpu_ms_per_check": (end.target_ms - begin.target_ms) / checks,
        "helpers_cpu_ms_per_check": (end.helpers_ms - begin.helpers_ms) / checks,
        "questions_per_check": (end.asked - begin.asked) / checks,
        "busy_share": _busy(begin, end),
        "lateness_ms": {
            "worker": told.lateness(),
            "results": stored.lateness(instance, window),
            "target": read_arrivals(house.logs, phases, window),
        },
        "recorder": told.counts(),
        "gaps": stored.gaps(instance, window),
        "why": stored.why(instance, window),
        "conditions": stored.conditions(instance),
        "bytes_per_result": stored.bytes_per_result(instance),
        "troubles": instance.troubles()[:_MOST_TROUBLES],
    }


def _moment(house: House) -> Moment:
    told = workers.ask(house.instance)
    return Moment(
        house.instance.clock.now(),
        processes.cpu_by_role(house.instance.pid),
        processes.cpu_of(house.target.pid),
        sum(processes.cpu_of(pid) for pid in house.helpers),
        processes.machine_busy_ms(),
        house.names.asked() if house.names else 0,
        told,
    )


def _watch(what: str, seconds: int, house: House, progress: Progress) -> None:
    """Let time pass, and say how it goes from what the target has seen: that costs E-Meter nothing."""
    end = time.monotonic() + seconds
    served, at = house.target.served(), time.monotonic()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(_EVERY_S, left))
        now_served, now = house.target.served(), time.monotonic()
        rate = (now_served - served - 1) / (now - at)
        served, at = now_served, now
        progress.say(f"{what}: {max(0.0, end - now):4.0f} s left, {rate:,.0f} checks/s")
        house.instance.require_running()


def _hanging(phases: dict[int, int], scenario: Scenario, window: Window) -> int:
    """How many slots of the window are of targets that hang."""
    return sum(window.slots(phase) for number, phase in phases.items() if scenario.hangs(number))


def _per_check(begin: Moment, end: Moment, checks: int) -> dict[str, float]:
    used = {role: (end.cpu[role] - begin.cpu.get(role, 0.0)) / checks for role in sorted(end.cpu)}
    return used | {"sum": sum(used.values())}


def _busy(begin: Moment, end: Moment) -> dict[str, float]:
    """The share of all cores that was busy: with ours, with the target, with what else runs there."""
    cores_ms = (end.at - begin.at).total_seconds() * 1000 * processes.cores()
    ours = (sum(end.cpu.values()) - sum(begin.cpu.values())) / cores_ms
    target = (end.target_ms + end.helpers_ms - begin.target_ms - begin.helpers_ms) / cores_ms
    total = (end.busy_ms - begin.busy_ms) / cores_ms
    return {"ours": ours, "target": target, "others": max(0.0, total - ours - target)}
