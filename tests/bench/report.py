"""The figures of a scenario for a person at a terminal."""

from typing import Any

from scenarios import Scenario

_WHERE = {"worker": "worker's histogram", "results": "stored results", "target": "seen by the target"}


def lines(scenario: Scenario, figures: dict[str, Any]) -> list[str]:
    """Everything, line by line."""
    head = (
        f"{scenario.name}: {scenario.described()}; {scenario.seconds} s after {scenario.warmup} s of warm-up"
    )
    parts = (_checks, _costs, _latenesses, _rest)
    return ["", head, *(line for part in parts for line in part(figures))]


def line(figures: dict[str, Any], findings: list[str]) -> str:
    """What matters, on one line."""
    late = figures["lateness_ms"]["target"]
    told = f"{figures['rate']:>7,.0f} checks/s {figures['cpu_ms_per_check']['sum']:>6.3f} ms"
    told += f"   late {late['p50']:.0f} / {late['p99']:.0f} / {late['max']:.0f} ms"
    return f"{told}   {'; '.join(findings) if findings else 'holds'}"


def verdict(findings: list[str]) -> list[str]:
    """Whether all that was asked holds."""
    return [f"  - {finding}" for finding in findings] or ["  holds"]


def _checks(figures: dict[str, Any]) -> list[str]:
    results, gaps, recorder = figures["results"], figures["gaps"], figures["recorder"]
    conditions = ", ".join(f"{number:,} {condition}" for condition, number in figures["conditions"].items())
    why = ", ".join(f"{count:,} {reason}" for reason, count in figures["why"].items())
    told = [
        f"  {'Checks per second':<24}{figures['rate']:>10,.1f}",
        f"  {'Results':<24}{results['stored']:>10,} of {results['expected']:,}, {results['not_up']:,} not up",
        f"  {'Gaps':<24}{gaps['rows']:>10,} with {gaps['slots']:,} slots",
        f"  {'Discarded, dropped':<24}{recorder['discarded']:>10,}, {recorder['dropped']:,}",
        f"  {'Monitors':<24}{conditions:>10}",
    ]
    return [*told, f"  {'Not up':<24}{why:>10}"] if why else told


def _costs(figures: dict[str, Any]) -> list[str]:
    memory, cpu = figures["memory_mb"], figures["cpu_ms_per_check"]
    table = [f"  {'':<24}{'CPU ms per check':>18}{'memory, MB (PSS)':>18}"]
    for role, used in cpu.items():
        megabytes = sum(memory.values()) if role == "sum" else memory.get(role, 0.0)
        table.append(f"  {role:<24}{used:>18.3f}{megabytes:>18.0f}")
    others = {
        "target, not ours": figures["target_cpu_ms_per_check"],
        "its helpers, not ours": figures["helpers_cpu_ms_per_check"],
        "the floor: ab": figures["floor"],
    }
    return [*table, *(f"  {what:<24}{used:>18.3f}" for what, used in others.items() if used)]


def _latenesses(figures: dict[str, Any]) -> list[str]:
    table = [f"  {'Started late by, ms':<24}{'p50':>10}{'p99':>10}{'max':>10}"]
    for where, late in figures["lateness_ms"].items():
        told = "".join(f"{late[name]:>10.1f}" for name in ("p50", "p99", "max"))
        table.append(f"  {_WHERE[where]:<24}{told}")
    seen = "  The target saw {arrived:,} checks, {twice:,} slots twice, the earliest at {min:+.0f} ms"
    return [*table, seen.format(**figures["lateness_ms"]["target"])]


def _rest(figures: dict[str, Any]) -> list[str]:
    size = "  Bytes per stored result: {sum:.1f} ({row:.1f} in the table, {index:.1f} in the index)"
    shares = "  Cores busy: {ours:.0%} with E-Meter, {target:.0%} with the target, {others:.0%} otherwise"
    told = [size.format(**figures["bytes_per_result"]), shares.format(**figures["busy_share"])]
    if figures["questions_per_check"]:
        told.append(f"  Questions to the name server per check: {figures['questions_per_check']:.2f}")
    return [*told, *(f"  log: {line}" for line in figures["troubles"])]
