"""The figures for a person."""

from typing import Any

_WHERE = {"worker": "worker's histogram", "results": "stored results", "target": "seen by the target"}
_MOST_TROUBLES = 10


def lines(figures: dict[str, Any]) -> list[str]:
    """Everything, line by line."""
    parts = (_head, _checks, _costs, _latenesses, _rest)
    return [line for part in parts for line in ("", *part(figures))]


def _head(figures: dict[str, Any]) -> list[str]:
    options, about, busy = figures["options"], figures["machine"], figures["busy_share"]
    run = "{monitors:,} monitors at {interval} s, {seconds} s measured after {warmup} s of warm-up"
    machine = "{cpu}, {cores} cores, {memory_gb} GB, {kernel}, {filesystem}"
    parts = (
        "Python {python}, PostgreSQL {postgresql}, Redis {redis}, RQ {rq}, libcurl {libcurl}, nginx {nginx}"
    )
    shares = "cores busy: {ours:.0%} with E-Meter, {target:.0%} with the target, {others:.0%} otherwise"
    return [
        run.format(**options),
        f"Commit {about['commit']}{' with changes' if about['dirty'] else ''}",
        machine.format(**about),
        parts.format(**about),
        f"Load before: {about['load']}; {shares.format(**busy)}",
    ]


def _checks(figures: dict[str, Any]) -> list[str]:
    results, gaps, recorder = figures["results"], figures["gaps"], figures["recorder"]
    conditions = ", ".join(f"{number:,} {condition}" for condition, number in figures["conditions"].items())
    return [
        f"{'Checks per second':<24}{figures['rate']:>10,.1f}",
        f"{'Results':<24}{results['stored']:>10,} of {results['expected']:,}, {results['not_up']:,} not up",
        f"{'Gaps':<24}{gaps['rows']:>10,} with {gaps['slots']:,} slots",
        f"{'Discarded, dropped':<24}{recorder['discarded']:>10,}, {recorder['dropped']:,}",
        f"{'Monitors':<24}{conditions:>10}",
    ]


def _costs(figures: dict[str, Any]) -> list[str]:
    memory, cpu = figures["memory_mb"], figures["cpu_ms_per_check"]
    table = [f"{'':<24}{'CPU ms per check':>18}{'memory, MB (PSS)':>18}"]
    for role, used in cpu.items():
        megabytes = sum(memory.values()) if role == "sum" else memory.get(role, 0.0)
        table.append(f"{role:<24}{used:>18.3f}{megabytes:>18.0f}")
    table.append(f"{'target, not ours':<24}{figures['target_cpu_ms_per_check']:>18.3f}")
    if figures["floor"]:
        table.append(f"{'the floor: ab':<24}{figures['floor']['ab_cpu_ms_per_request']:>18.3f}")
    return table


def _latenesses(figures: dict[str, Any]) -> list[str]:
    table = [f"{'Started late by, ms':<24}{'p50':>10}{'p99':>10}{'max':>10}"]
    for where, late in figures["lateness_ms"].items():
        table.append(
            f"{_WHERE[where]:<24}" + "".join(f"{late[name]:>10.1f}" for name in ("p50", "p99", "max"))
        )
    seen = "The target saw {arrived:,} checks, {twice:,} slots twice, the earliest at {min:+.0f} ms"
    return [*table, seen.format(**figures["lateness_ms"]["target"])]


def _rest(figures: dict[str, Any]) -> list[str]:
    troubles = figures["troubles"]
    size = "Bytes per stored result: {sum:.0f} ({row:.0f} in the table, {index:.0f} in the index)"
    told = [size.format(**figures["bytes_per_result"])]
    if troubles:
        told += [f"Trouble in the log, {len(troubles)} lines:", *troubles[:_MOST_TROUBLES]]
    return told
