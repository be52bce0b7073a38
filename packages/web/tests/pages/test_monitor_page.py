"""The page of one monitor: what it is in, since when, why, and what its checks saw."""

import re
from datetime import timedelta

import pytest

from emeter_core.outcome import Reason

SEEN = {
    "url": "http://example.com/",
    "address": "192.0.2.71",
    "code": 503,
    "headers": [["server", "edge/2.1"], ["content-type", "text/html"]],
    "body": "<script>alert(1)</script>",
    "redirects": [],
    "phases": {"dns": 4000, "connect": 18000, "tls": 37000, "wait": 33000, "transfer": 2000},
}


def lede(page) -> str:
    return " ".join(page.select_one("main .lede").text.split())


def test_up_is_told_with_its_last_answer(signed_in, add_monitor, check) -> None:
    public_id = add_monitor(name="Shop")
    check(ago=10, code=200)
    page = signed_in.page(f"/monitors/{public_id}")
    assert page.select_one("main [data-monitor-id]")["data-monitor-id"] == str(public_id)
    assert page.select_one("main [data-monitor-id]")["data-status"] == "up"
    assert page.h1.text == "Shop"
    assert re.fullmatch(r"Up for \d+ s\. 200 in 94 ms, checked \d+ s ago\.", lede(page))
    facts = {each.dt.text: each.dd.text for each in page.select(".facts > div")}
    assert re.fullmatch(r"100%never down in \d+ s", facts["Uptime, 24 h"])
    assert facts["Latency, 24 h"] == "94 msp95 94 · p99 94"


def test_down_is_told_with_its_cause_its_incident_and_its_evidence(signed_in, add_monitor, go_down) -> None:
    public_id = add_monitor(name="Shop")
    go_down(code=503, evidence=SEEN)
    page = signed_in.page(f"/monitors/{public_id}")
    assert re.fullmatch(r"Down for \d+ s\. 503 instead of 200–299, 3 checks in a row\.", lede(page))
    notice = page.select_one(".notice[data-status=down]")
    assert "An incident is open." in notice.text
    assert "Nobody has acknowledged it." in notice.text
    assert notice.a["href"].startswith("/incidents/")
    panel = page.find(id="h-fail").find_parent("section")
    assert "503 Service Unavailable" in panel.text
    assert "edge/2.1" in panel.text
    assert "<script>alert(1)</script>" in panel.pre.text


def test_failures_that_are_not_confirmed_yet_are_told(signed_in, add_monitor, check) -> None:
    public_id = add_monitor()
    check(ago=20)
    check(Reason.CONNECTION_REFUSED, ago=10)
    page = signed_in.page(f"/monitors/{public_id}")
    told = "The last check failed: Connection refused by example.com:80. Down after 3."
    assert told in lede(page)


def test_the_last_checks_are_listed_with_a_way_to_their_evidence(signed_in, add_monitor, check) -> None:
    public_id = add_monitor()
    check(ago=20, code=200)
    check(Reason.UNEXPECTED_CODE, ago=10, code=503, evidence=SEEN)
    rows = signed_in.page(f"/monitors/{public_id}").select("table.checks tbody tr")
    assert rows[0]["data-status"] == "down"
    assert "503" in rows[0].text
    assert "94 ms" in rows[0].text
    assert rows[0].svg
    assert signed_in.get(rows[0].a["href"]).status_code == 200


def test_changes_of_status_are_listed_newest_first(signed_in, add_monitor, check, go_down) -> None:
    public_id = add_monitor()
    check(ago=30)
    go_down(code=503)
    section = signed_in.page(f"/monitors/{public_id}").find(id="h-changes").find_parent("section")
    told = [row.td.text.split()[0] for row in section.select("tbody tr")]
    assert told[:2] == ["Down", "Up"]


def test_blocked_is_told_with_its_reason_its_address_and_since_when(signed_in, add_monitor, check) -> None:
    """R31: visible, and on record as a change of status."""
    public_id = add_monitor()
    check(ago=30)
    evidence = {"url": "http://example.com/", "address": "10.1.2.3", "error": "private"}
    check(Reason.ADDRESS_BLOCKED, ago=10, address="10.1.2.3", evidence=evidence)
    page = signed_in.page(f"/monitors/{public_id}")
    assert page.select_one("main [data-monitor-id]")["data-status"] == "blocked"
    assert re.match(r"Blocked for \d+ s\. ", lede(page))
    assert Reason.ADDRESS_BLOCKED.text in page.main.text
    rows = page.find(id="h-changes").find_parent("section").select("tbody tr")
    assert [row.td.text.split()[0] for row in rows][:2] == ["Blocked", "Up"]
    assert Reason.ADDRESS_BLOCKED.text in rows[0].text
    last = page.select("table.checks tbody tr")[0]
    assert last["data-status"] == "blocked"
    shown = " ".join(signed_in.page(last.a["href"]).main.text.split())
    assert "10.1.2.3" in shown
    assert "private" in shown
    assert not page.select(".notice[data-status=down]")


@pytest.mark.parametrize("span", ["1h", "24h", "7d", "", "nonsense", "%00"])
def test_latency_is_drawn_over_the_span_that_is_chosen(signed_in, add_monitor, check, span: str) -> None:
    public_id = add_monitor()
    check(ago=10)
    page = signed_in.page(f"/monitors/{public_id}?span={span}")
    chosen = page.select_one(".seg [aria-current]").text
    assert chosen == {"24h": "24 h", "7d": "7 d"}.get(span, "1 h")
    assert page.select_one(".chart svg.plot path.p1")
    figures = signed_in.get(page.select_one("[data-latency]")["data-latency"]).get_json()
    # Minutes, quarter hours or hours: whole ones, so that there may be one more.
    buckets = {"24h": 24 * 4, "7d": 7 * 24}.get(span, 60)
    assert len(figures["at"]) == len(figures["wait"])
    assert len(figures["at"]) in {buckets, buckets + 1}
    assert 33.0 in figures["wait"]
    assert sum(figures["checks"]) >= 1


def test_the_stretches_that_were_wrong_are_among_the_figures(signed_in, add_monitor, go_down, now) -> None:
    public_id = add_monitor()
    go_down()
    [band] = signed_in.get(f"/monitors/{public_id}/latency?span=1h").get_json()["bands"]
    assert band["status"] == "down"
    assert now.timestamp() - 60 < band["since"] < band["until"]


def test_what_never_answered_is_not_said_to_be_unchecked(signed_in, add_monitor, go_down) -> None:
    public_id = add_monitor()
    go_down(Reason.CONNECTION_REFUSED)
    legend = signed_in.page(f"/monitors/{public_id}").select_one(".legend")
    assert legend.select_one("[data-read=total]").text == "no answer"
    assert re.fullmatch(r"\d\d:\d\d", legend.select_one("[data-read=at]").text)


def test_a_chart_names_the_turn_that_it_is_true_for(signed_in, add_monitor, check, go_down) -> None:
    public_id = add_monitor()
    check(ago=30)

    def turn(span: str) -> str:
        page = signed_in.page(f"/monitors/{public_id}?span={span}")
        named: str = page.select_one("[data-latency]")["data-turn"]
        return named

    assert (turn("24h"), turn("1h")) == (turn("7d"), turn("24h")), "the span matters not"
    before = turn("1h")
    go_down()
    assert (before.split()[0], turn("1h").split()[0]) == ("up", "down")


def test_a_certificate_is_told_of_by_its_end(signed_in, add_monitor, check, now) -> None:
    public_id = add_monitor(target="https://example.com/")
    check(ago=10, code=200, certificate_ends_at=now + timedelta(days=61, hours=1))
    facts = {
        each.dt.text: each.dd.text for each in signed_in.page(f"/monitors/{public_id}").select(".facts > div")
    }
    assert facts["Certificate"].startswith("61 d")


def test_what_makes_no_sense_in_an_address_is_not_found(signed_in, add_monitor) -> None:
    public_id = add_monitor()
    for path in (
        "/monitors/1",
        "/monitors/nonsense",
        f"/monitors/{public_id}x",
        f"/monitors/{public_id}/nonsense",
    ):
        assert signed_in.get(path).status_code == 404
