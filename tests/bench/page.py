"""docs/bench.md: its figures are written from the book, between two marks; the prose around them stays."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import machine
from book import Book
from scenarios import PEERS, SCENARIOS, Limits, Scenario

_PAGE = machine.ROOT / "docs" / "bench.md"
BEGIN, END = "<!-- figures: `make bench` writes them -->", "<!-- end of the figures -->"
_ROLES = ("worker", "postgres", "scheduler", "redis")
_THREE = ("p50", "p99", "max")

Run = dict[str, Any]


def write(book: Book) -> None:
    """Write the figures anew."""
    before, _, rest = _PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    _PAGE.write_text(f"{before}{BEGIN}\n\n{figures(book)}\n{END}{after}")


def figures(book: Book) -> str:
    """All that stands between the marks."""
    runs = {name: run for name, run in book.runs.items() if name in SCENARIOS}
    parts = [_where(book), _costs(runs), _latenesses(runs)]
    if PEERS in book.runs:
        parts.append(_peers(book.runs[PEERS]))
    return "\n".join([*parts, _origins(book.runs)])


def _where(book: Book) -> str:
    about = "{cpu}, {cores} cores, {memory_gb} GB, {kernel}, {filesystem}".format(**book.hardware)
    parts = (
        "Python {python}, PostgreSQL {postgresql}, Redis {redis}, RQ {rq}, libcurl {libcurl}, nginx {nginx}"
    )
    return f"{about}; {parts.format(**book.versions)}.\n" if book.versions else f"{about}.\n"


def _costs(runs: dict[str, Run]) -> str:
    head = (
        *("scenario", "what", "checks/s", "worker", "PostgreSQL", "scheduler", "Redis", "rest", "**sum**"),
        *("`ab`", "memory, MB", "bytes per result", "asked", "holds"),
    )
    rows = []
    for name, run in runs.items():
        scenario, found, cpu = (
            Scenario.from_json(run["scenario"]),
            run["figures"],
            run["figures"]["cpu_ms_per_check"],
        )
        rest = cpu["sum"] - sum(cpu.get(role, 0.0) for role in _ROLES)
        rows.append(
            (
                *(f"`{name}`", scenario.described(), f"{found['rate']:,.0f}"),
                *(f"{cpu.get(role, 0.0):.3f}" for role in _ROLES),
                *(f"{rest:.3f}", f"**{cpu['sum']:.3f}**"),
                f"{found['floor']:.3f}" if found["floor"] else "–",
                f"{sum(found['memory_mb'].values()):,.0f}",
                f"{found['bytes_per_result']['sum']:.0f}",
                *(_asked(scenario.limits), "no" if run["findings"] else "yes"),
            )
        )
    return "CPU in ms per check.\n\n" + _table(head, rows)


def _latenesses(runs: dict[str, Run]) -> str:
    head = (
        "scenario",
        "slots",
        "missed",
        "at the target, p50 / p99 / max",
        "by the engine",
        "cores busy otherwise",
    )
    rows = []
    for name, run in runs.items():
        found = run["figures"]
        results, late = found["results"], found["lateness_ms"]
        rows.append(
            (
                *(
                    f"`{name}`",
                    f"{results['expected']:,}",
                    f"{max(0, results['expected'] - results['stored']):,}",
                ),
                *(_three(late[where]) for where in ("target", "results")),
                f"{found['busy_share']['others']:.0%}",
            )
        )
    return "Lateness: how long after its slot a check came, in ms.\n\n" + _table(head, rows)


def _peers(run: Run) -> str:
    found = run["figures"]
    blackbox = found["blackbox"]
    rows = [("`ab`", *(_ms(found["ab"][scheme]) for scheme in ("http", "https")), "–", "–")]
    if blackbox:
        told = [blackbox[scheme] for scheme in ("http", "https")]
        rates = " / ".join(f"{each.get('rate', 0):,.0f}" for each in told)
        name = f"blackbox exporter {blackbox['version']}"
        rows.append(
            (name, *(_ms(each.get("cpu_ms")) for each in told), rates, f"{blackbox['memory_mb']:.0f}")
        )
    head = ("on the same target", "HTTP, ms CPU", "HTTPS, ms CPU", "probes/s", "memory, MB")
    return "Others, which store nothing.\n\n" + _table(head, rows)


def _origins(runs: dict[str, Run]) -> str:
    head = ("measured", "commit", "by", "scenarios", "load before")
    groups: dict[tuple[str, str, str], list[tuple[str, float]]] = {}
    for name, run in runs.items():
        key = (run["date"], run["commit"], f"`{run['command']}`")
        groups.setdefault(key, []).append((f"`{name}`", run["load"]))
    rows = [
        (*key, ", ".join(name for name, _ in group), f"{max(load for _, load in group):.1f} at most")
        for key, group in groups.items()
    ]
    return "Where each is from.\n\n" + _table(head, rows)


def _asked(limits: Limits) -> str:
    named: Iterable[tuple[float | None, Callable[[float], str]]] = (
        (limits.cpu_ms, "sum ≤ {:.2f} ms".format),
        (limits.late_ms, "p99 ≤ {:.0f} ms".format),
        (limits.bytes, "≤ {:.0f} bytes".format),
    )
    asked = ", ".join(words(limit) for limit, words in named if limit is not None)
    if limits.misses:
        return "to see how many it can"
    return f"{asked}, none missed" if asked else "none missed"


def _three(late: dict[str, float]) -> str:
    return " / ".join(f"{late[name]:.0f}" for name in _THREE)


def _ms(value: float | None) -> str:
    return f"{value:.3f}" if value else "–"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
