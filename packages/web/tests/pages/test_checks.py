"""One check with its evidence: what was asked (secrets hidden), what came, and by which way."""

import pytest

from emeter_core.outcome import Phases, Reason

SECRET = "Bearer s3cr3t-of-dora"
SEEN = {
    "url": "https://example.com/a?b=1",
    "final_url": "https://www.example.com/a",
    "address": "192.0.2.71",
    "code": 503,
    "error": "",
    "headers": [["server", "edge/2.1"]],
    "body": "\N{SNOWMAN} unhealthy",
    "redirects": [{"code": 301, "url": "https://example.com/a?b=1"}],
    "certificate": {"subject": "example.com", "issuer": "Someone", "ends_at": "2027-01-23T12:00:00+00:00"},
}


@pytest.fixture
def path(signed_in, add_monitor, check) -> str:
    public_id = add_monitor(
        name="Shop",
        target="https://example.com/a?b=1",
        settings={"method": "POST", "headers": [["Authorization", SECRET]], "body": SECRET},
    )
    check(Reason.UNEXPECTED_CODE, ago=10, code=503, evidence=SEEN)
    href: str = signed_in.page(f"/monitors/{public_id}").select_one("table.checks a")["href"]
    return href


def test_the_verdict_stands_first(signed_in, path) -> None:
    page = signed_in.page(path)
    assert page.h1.text.startswith("Check of today, ")
    assert "503 instead of 200–299." in page.main.text
    assert page.select_one("main [data-monitor-id]")["data-status"] in {"up", "pending"}


def test_the_request_is_shown_without_its_secrets(signed_in, path) -> None:
    request = signed_in.page(path).find("pre", attrs={"aria-label": "Request"})
    assert request.text.splitlines() == [
        "POST /a?b=1",
        "Host: example.com",
        "Authorization: [hidden]",
        "",
        "[hidden]",
    ]
    assert SECRET not in signed_in.get(path).text


def test_the_answer_and_the_way_there_are_shown(signed_in, path) -> None:
    page = signed_in.page(path)
    answer = page.find("pre", attrs={"aria-label": "Answer"})
    assert answer.text.splitlines() == [
        "503 Service Unavailable",
        "server: edge/2.1",
        "",
        "\N{SNOWMAN} unhealthy",
    ]
    way = [(each.dt.text, each.dd.text) for each in page.select(".pairs > div")]
    assert ("Dialled", "192.0.2.71") in way
    assert ("Redirect", "301 from https://example.com/a?b=1") in way
    assert ("Ended at", "https://www.example.com/a") in way
    assert ("Certificate", "example.com") in way
    assert any(name == "Valid until" and told.startswith("23 Jan 2027") for name, told in way)


def test_of_a_good_check_there_are_its_times(signed_in, add_monitor, check) -> None:
    public_id = add_monitor()
    check(ago=10, code=200, phases=Phases(1000, 2000, 0, 3000, 1000))
    href = signed_in.page(f"/monitors/{public_id}").select_one("table.checks a")["href"]
    page = signed_in.page(href)
    assert "As expected in 7 ms." in page.main.text
    assert "Of a check that went well only its times are kept." in page.main.text


@pytest.mark.parametrize("slot", ["0", "1", "9" * 18, "9" * 30])
def test_a_check_that_was_not_made_is_not_found(signed_in, add_monitor, slot: str) -> None:
    assert signed_in.get(f"/monitors/{add_monitor()}/checks/{slot}").status_code == 404
