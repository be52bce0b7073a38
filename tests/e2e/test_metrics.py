"""What a running `emeter up` tells of itself: metrics of every process, and a log that programs can read."""

import json
import re
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pytest
from harness import targets as behaviours
from harness.emeter import Emeter
from harness.targets import Targets
from prometheus_client.parser import text_string_to_metric_families

from emeter_core.metrics import FAMILIES, Kind

_ROW = re.compile(r"^\| `(emeter_\w+)` \| (\w+) \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
_DOCS = Path(__file__).parents[2] / "docs/metrics.md"
Told = dict[tuple[str, frozenset[tuple[str, str]]], float]


def fetch(url: str, **headers: str) -> str:
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def where(emeter: Emeter) -> dict[str, str]:
    """The address of each process that tells its metrics."""
    found = json.loads(fetch(f"http://127.0.0.1:{emeter.port}/metrics/targets"))
    return {each["labels"]["process"]: each["targets"][0] for each in found}


def scrape(address: str) -> Told:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(fetch(f"http://{address}/metrics"))
        for sample in family.samples
    }


def total(told: Told, name: str, **labels: str) -> float:
    """The sum of all samples of that name with these labels."""
    wanted = set(labels.items())
    return sum(value for (known, of), value in told.items() if known == name and wanted <= of)


@pytest.fixture(scope="module", autouse=True)
def monitors(emeter: Emeter, targets: Targets) -> None:
    """Something to check: one that is well, one that is not."""
    for name, behaviour in (("Zanzibar", behaviours.ok), ("Quito", behaviours.broken)):
        site = targets.serve(behaviour)
        emeter.run("monitor", "add", site.url(), "--name", name, "--interval", "5", "--timeout", "2")


def test_all_processes_tell_what_they_did(emeter: Emeter) -> None:
    emeter.wait_until(lambda: set(where(emeter)) == {"web", "scheduler", "sender", "worker"}, 20, "targets")
    addresses = where(emeter)

    def has_checked() -> bool:
        worker = scrape(addresses["worker"])
        return all(total(worker, "emeter_checks_total", condition=word) >= 2 for word in ("up", "down"))

    def has_measured() -> bool:
        return total(scrape(addresses["scheduler"]), "emeter_checks_wanted_per_second") == pytest.approx(0.4)

    emeter.wait_until(has_checked, 40, "checks in the metrics")
    emeter.wait_until(has_measured, 20, "the rate in the metrics")
    told = {name: scrape(address) for name, address in addresses.items()}

    worker, scheduler, web = told["worker"], told["scheduler"], told["web"]
    checks = total(worker, "emeter_checks_total", kind="http")
    assert checks == total(worker, "emeter_check_lateness_seconds_count")
    assert checks == total(worker, "emeter_check_duration_seconds_count", kind="http")
    assert checks <= total(worker, "emeter_results_recorded_total") + 2  # read one after the other
    assert total(worker, "emeter_results_dropped_total") == 0
    assert total(scheduler, "emeter_claims_total") >= checks
    assert 0 <= total(scheduler, "emeter_scheduler_tick_age_seconds") < 15
    assert {dict(labels)["queue"] for name, labels in scheduler if name == "emeter_queue_depth"} == {
        "checks:local",
        "deliveries",
    }
    assert total(web, "emeter_http_requests_total", route="/metrics/targets", status="2xx") >= 2
    for name, each in told.items():
        assert total(each, "emeter_build_info", process=name) == 1
        assert total(each, "emeter_database_up") == 1
        assert total(each, "process_resident_memory_bytes") > 10_000_000
    assert total(scheduler, "emeter_redis_up") == total(web, "emeter_redis_up") == 1


def test_what_is_sent_is_counted(emeter: Emeter) -> None:
    sender = where(emeter)["sender"]

    # The monitor that is ill has its incident, which is told by mail.
    emeter.wait_until(lambda: total(scrape(sender), "emeter_deliveries_total", outcome="sent") >= 1, 60)
    assert total(scrape(sender), "emeter_delivery_lateness_seconds_count", channel="mail") >= 1


def test_every_name_is_told_in_the_documents_and_no_other_is_told(emeter: Emeter) -> None:
    documented = {row[0]: row[1:] for row in _ROW.findall(_DOCS.read_text())}
    told: dict[str, set[str]] = {}
    for process, address in where(emeter).items():
        for family in text_string_to_metric_families(fetch(f"http://{address}/metrics")):
            name = family.name + ("_total" if family.type == "counter" else "")
            told.setdefault(name, set()).add(process)

    for family in FAMILIES:
        kind, labels, of, words = documented.pop(family.name)
        assert (kind, labels) == (family.kind, ", ".join(f"`{label}`" for label in family.labels))
        assert f"{words}." == family.help
        every = "web, scheduler, sender, worker" if of == "all" else of
        assert told[family.name] == set(every.split(", ")), family.name
    assert documented == {}
    ours = {name for name in told if not name.startswith("process_")}
    assert ours == {family.name for family in FAMILIES}


def test_labels_hold_nothing_of_users(emeter: Emeter) -> None:
    names = {label for family in FAMILIES for label in family.labels}
    texts = [fetch(f"http://{address}/metrics") for address in where(emeter).values()]

    assert not any(word in text for text in texts for word in ("alice", "Zanzibar", "Quito", "127.0.0.1"))
    assert names == {
        "process", "version", "python", "kind", "condition", "reason", "queue", "channel", "outcome",
        "method", "route", "status",
    }  # fmt: skip
    assert all(family.kind in Kind for family in FAMILIES)


def test_a_check_of_a_user_does_not_reach_them(emeter: Emeter) -> None:
    url = f"http://{where(emeter)['scheduler']}/metrics"
    emeter.run("monitor", "add", url, "--name", "nosy", "--interval", "5", "--timeout", "2")

    condition = "SELECT condition FROM monitors WHERE name = 'nosy'"
    emeter.wait_until(lambda: emeter.rows(condition) == [("blocked",)], 20, "a blocked check")


def test_who_asks_by_another_name_learns_nothing(emeter: Emeter) -> None:
    for address in where(emeter).values():
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(f"http://{address}/metrics", Host="emeter.example.com")
        assert refused.value.code == 404
        refused.value.close()


def test_each_line_of_the_log_is_an_event(emeter: Emeter) -> None:
    events = [json.loads(line) for line in emeter.said().splitlines()]

    assert all({"time", "level", "process", "event"} <= set(each) for each in events)
    ready = Counter(each["process"] for each in events if each["event"].startswith(("Serving", "Checking")))
    assert ready == {"web": 1, "worker": 1}
    told_at = [each["url"] for each in events if each["event"] == "Metrics are told"]
    assert {f"http://{address}/metrics" for name, address in where(emeter).items() if name != "web"} == set(
        told_at
    )
