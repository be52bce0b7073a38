"""Whether the figures of a scenario are as promised."""

from collections.abc import Iterator
from typing import Any

from scenarios import Scenario

# `late_ms` is in whole milliseconds and the target's clock too: a figure that is at its limit holds.
_WHERE = {"results": "by the engine", "target": "at the target"}
# As many questions for each check as families of addresses, some lost ones left out of account.
_LEAST_QUESTIONS = 1.0


def judge(scenario: Scenario, figures: dict[str, Any]) -> list[str]:
    """What is not as asked, one line each."""
    findings = [*_limits(scenario, figures), *_names(scenario, figures), *_false(scenario, figures)]
    if not scenario.limits.misses:
        findings += [*_missed(figures), *_conditions(scenario, figures)]
        if figures["troubles"]:
            findings.append(f"{len(figures['troubles'])} lines of trouble in the log")
    return findings


def _limits(scenario: Scenario, figures: dict[str, Any]) -> Iterator[str]:
    limits, cpu, size = (
        scenario.limits,
        figures["cpu_ms_per_check"]["sum"],
        figures["bytes_per_result"]["sum"],
    )
    if limits.cpu_ms is not None and cpu > limits.cpu_ms:
        yield f"{cpu:.3f} ms of CPU per check, at most {limits.cpu_ms:.2f} is allowed"
    if limits.rate is not None and figures["rate"] < limits.rate:
        yield f"{figures['rate']:,.1f} checks/s, at least {limits.rate:,.0f} are to be"
    if limits.bytes is not None and size > limits.bytes:
        yield f"{size:.1f} bytes per result, at most {limits.bytes:.0f} are allowed"
    for where, words in _WHERE.items():
        late = figures["lateness_ms"][where]["p99"]
        if limits.late_ms is not None and late > limits.late_ms:
            yield f"p99 of lateness {words} is {late:.1f} ms, at most {limits.late_ms:.0f} is allowed"


def _names(scenario: Scenario, figures: dict[str, Any]) -> Iterator[str]:
    if scenario.names and figures["questions_per_check"] < _LEAST_QUESTIONS:
        yield f"only {figures['questions_per_check']:.2f} questions to the name server per check"


def _missed(figures: dict[str, Any]) -> Iterator[str]:
    results, gaps, late = figures["results"], figures["gaps"], figures["lateness_ms"]["target"]
    missing, unseen = results["expected"] - results["stored"], results["expected"] - late["arrived"]
    if gaps["rows"]:
        yield f"{gaps['slots']:,} slots in {gaps['rows']:,} gaps, none is allowed"
    if missing > 0:
        yield f"{missing:,} results missing of {results['expected']:,}"
    if missing < 0:
        yield f"{-missing:,} results more than slots"
    if unseen > 0:
        yield f"{unseen:,} slots of which the target saw nothing"
    if late["twice"]:
        yield f"{late['twice']:,} slots were checked twice"


def _false(scenario: Scenario, figures: dict[str, Any]) -> Iterator[str]:
    """Whatever was found down and was not, or the other way round; what was missed is no verdict."""
    results = figures["results"]
    wrong = results["not_up"] - results["hanging"]
    if wrong > 0 or (wrong and not scenario.limits.misses):
        yield f"{results['not_up']:,} results are not up, {results['hanging']:,} are to be"


def _conditions(scenario: Scenario, figures: dict[str, Any]) -> Iterator[str]:
    conditions, down = figures["conditions"], scenario.hangs_in_all
    if conditions.get("up", 0) != scenario.monitors - down or conditions.get("down", 0) != down:
        told = ", ".join(f"{count:,} {condition}" for condition, count in conditions.items())
        yield f"monitors are {told}; {down:,} are to be down"
