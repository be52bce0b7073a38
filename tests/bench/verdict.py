"""Whether the figures are as issue 2 asks."""

from typing import Any

LEAST_RATE = 1000.0
MOST_CPU_MS = 0.50


def judge(figures: dict[str, Any]) -> list[str]:
    """What is not as asked, one line each."""
    results, gaps, late = figures["results"], figures["gaps"], figures["lateness_ms"]["target"]
    cpu = figures["cpu_ms_per_check"]["sum"]
    not_up = sum(number for condition, number in figures["conditions"].items() if condition != "up")
    asked = figures["options"]["monitors"] / figures["options"]["interval"]
    missing = results["expected"] - results["stored"]
    findings = {
        f"{gaps['slots']:,} slots in {gaps['rows']:,} gaps, none is allowed": gaps["rows"],
        f"{missing:,} results missing of {results['expected']:,}": missing > 0,
        f"{-missing:,} results more than slots": missing < 0,
        f"{late['twice']:,} slots were checked twice": late["twice"],
        f"{results['not_up']:,} results are not up": results["not_up"],
        f"{not_up:,} monitors are not up": not_up,
        f"{cpu:.3f} ms of CPU per check, at most {MOST_CPU_MS:.2f} is allowed": cpu > MOST_CPU_MS,
        f"these options ask for {asked:,.0f} checks/s only, {LEAST_RATE:,.0f} are to be shown "
        "(--no-verdict measures without judging)": asked < LEAST_RATE,
        f"{figures['rate']:,.1f} checks/s, at least {LEAST_RATE:,.0f} are to be": asked
        >= LEAST_RATE
        > figures["rate"],
        f"{len(figures['troubles'])} lines of trouble in the log": figures["troubles"],
    }
    return [text for text, is_found in findings.items() if is_found]


def lines(findings: list[str], *, judged: bool) -> list[str]:
    """The verdict for a person."""
    if not judged:
        return ["", "NOT JUDGED (--no-verdict)"]
    if not findings:
        passed = f"PASSED: {LEAST_RATE:,.0f} checks/s or more, none missed, {MOST_CPU_MS:.2f} ms or less"
        return ["", passed]
    return ["", "FAILED:", *(f"  - {finding}" for finding in findings)]
