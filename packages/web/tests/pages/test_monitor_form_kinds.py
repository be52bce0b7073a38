"""The form of each kind: chosen by a card, read into its settings, its secrets kept."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from emeter_core import trials
from emeter_core.monitors import Monitor, get_monitor, open_settings
from emeter_core.monitors.kinds import KINDS
from emeter_core.outcome import Reason
from emeter_storage.engine import transaction
from emeter_web.monitor_forms.kinds import FORMS

SECRET = "s3cr3t-of-dora"


@pytest.fixture
def stored(sessions, scope) -> Callable[[], Monitor]:
    """The one monitor of the team, as it is in the database."""

    def look() -> Monitor:
        with transaction(sessions) as session:
            public_id = session.execute(text("SELECT public_id FROM monitors")).scalar_one()
            return get_monitor(session, scope, public_id)

    return look


def soup(answer) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def error_at(page: BeautifulSoup, name: str) -> str:
    field = page.select_one(f"[name={name}][aria-invalid=true]")
    assert field is not None, f"nothing is wrong at {name}"
    return " ".join(page.find(id=each).text.strip() for each in field["aria-describedby"].split())


def test_there_is_a_form_for_every_kind_and_it_has_all_settings() -> None:
    assert list(FORMS) == list(KINDS)
    for kind, form in FORMS.items():
        read = {*form.texts, *form.literals, *form.numbers, *form.flags, *form.secrets}
        assert read == set(KINDS[kind].settings.model_fields)
        assert set(form.secrets) == KINDS[kind].settings.secret_fields


class TestCards:
    def test_each_kind_is_a_link_to_its_form_without_any_script(self, signed_in) -> None:
        page = signed_in.page("/monitors/new?url=https://example.com/")
        cards = page.select("nav.kinds a")
        assert [card.span.text for card in cards] == ["HTTP", "TCP port", "Ping", "Heartbeat"]
        assert [card.has_attr("aria-current") for card in cards] == [True, False, False, False]
        for card, kind in zip(cards, KINDS, strict=True):
            query = parse_qs(urlsplit(card["href"]).query)
            assert query == {"kind": [kind], "url": ["https://example.com/"]}
            there = signed_in.page(card["href"])
            assert there.select_one("[name=kind]")["value"] == kind
            assert there.select_one("[name=url]")["value"] == "https://example.com/"
            assert there.select_one("nav.kinds [aria-current] span").text == card.span.text

    def test_each_form_has_its_own_fields(self, signed_in) -> None:
        own = {
            "http": {"method", "keyword", "headers"},
            "tcp": {"tls", "send", "expect"},
            "ping": {"packets"},
            "heartbeat": {"period", "grace", "schedule"},
        }
        for kind, names in own.items():
            page = signed_in.page(f"/monitors/new?kind={kind}")
            there = {field["name"] for field in page.select("#monitor-form [name]")}
            assert names <= there
            assert not there & {name for other, theirs in own.items() if other != kind for name in theirs}

    @pytest.mark.parametrize("kind", ["nonsense", "", "../../dev/components", "%00"])
    def test_a_kind_that_there_is_not_leads_to_the_usual_form(self, signed_in, kind: str) -> None:
        page = signed_in.page(f"/monitors/new?kind={kind}")
        assert page.select_one("[name=kind]")["value"] == "http"

    def test_a_kind_that_there_is_not_is_refused(self, signed_in) -> None:
        answer = signed_in.submit("/monitors", url="http://a/", kind="gopher")
        assert answer.status_code == 422
        told = answer.text.replace("&#39;", "'")
        assert "'gopher' is unknown: there is http, tcp, ping, heartbeat." in told

    def test_what_a_monitor_is_does_not_change(self, signed_in, add_monitor, stored) -> None:
        public_id = add_monitor(kind="tcp", target="a:1")
        page = signed_in.page(f"/monitors/{public_id}/edit?kind=ping")
        assert page.select_one("nav.kinds") is None
        assert page.select_one("[name=expect]") is not None
        assert signed_in.submit(f"/monitors/{public_id}", "PUT", kind="ping", expect="220").status_code == 303
        assert (stored().kind, stored().settings) == ("tcp", {"expect": "220"})


class TestTcp:
    def test_a_host_and_a_port_are_enough(self, signed_in, stored) -> None:
        assert signed_in.submit("/monitors", kind="tcp", url="mx.example.com:25").status_code == 303
        made = stored()
        assert (made.kind, made.target, made.name) == ("tcp", "tcp://mx.example.com:25", "mx.example.com")
        assert (made.settings, made.secrets) == ({}, None)

    def test_every_field_is_taken(self, signed_in, stored, vault) -> None:
        fields = {
            "url": "[2001:db8::1]:6379",
            "send": rf"AUTH {SECRET}\r\n",
            "expect": r"+OK\r\n",
            "tls": ["false", "true"],
            "verify_tls": ["false"],
            "ip_family": "ipv6",
        }
        assert signed_in.submit("/monitors", kind="tcp", **fields).status_code == 303
        assert open_settings(stored(), vault).model_dump(mode="json") == {
            "send": rf"AUTH {SECRET}\r\n",
            "expect": r"+OK\r\n",
            "tls": True,
            "verify_tls": False,
            "ip_family": "ipv6",
        }

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("url", "mx.example.com", "Must name a port, as in example.com:25."),
            ("url", "https://example.com/", "Must be like example.com:25: https:// is of another kind."),
            ("expect", "\\q", "Has a backslash that begins no escape, at character 1"),
            ("expect", "x" * 1025, "Should be at most 1,024 bytes."),
            ("send", "\\", "Has a backslash that begins no escape, at character 1"),
            ("ip_family", "ipv5", "Must be any, ipv4 or ipv6."),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(self, signed_in, field: str, value: str, said: str) -> None:
        answer = signed_in.submit("/monitors", **{"kind": "tcp", "url": "a:1", field: value})
        assert answer.status_code == 422
        page = soup(answer)
        assert said in error_at(page, field)
        assert page.select_one("nav.kinds [aria-current] span").text == "TCP port"

    def test_what_is_sent_is_kept_and_never_shown(self, signed_in, add_monitor, stored, vault) -> None:
        public_id = add_monitor(kind="tcp", target="a:1", settings={"send": SECRET, "expect": "220"})
        page = signed_in.get(f"/monitors/{public_id}/edit")
        assert SECRET not in page.text
        assert "Kept: a text." in soup(page).find(id="send-hint").text
        assert SECRET not in signed_in.get(f"/monitors/{public_id}").text
        signed_in.submit(f"/monitors/{public_id}", "PUT", send="", expect="221")
        assert open_settings(stored(), vault).model_dump()["send"] == SECRET
        signed_in.submit(f"/monitors/{public_id}", "PUT", send="", forget_send="true")
        assert stored().secrets is None

    def test_what_was_typed_in_secret_does_not_come_back_with_mistakes(self, signed_in) -> None:
        answer = signed_in.submit("/monitors", kind="tcp", url="", send=SECRET)
        assert SECRET not in answer.text
        assert "Type it again" in error_at(soup(answer), "send")
        assert not soup(answer).select_one("#send-hint").has_attr("hidden")

    def test_its_page_says_what_it_does(self, signed_in, add_monitor, check) -> None:
        public_id = add_monitor(kind="tcp", target="a.example.com:25", name="Mail", settings={"tls": True})
        page = signed_in.page(f"/monitors/{public_id}")
        assert "TCP with TLS every 5 s · tcp://a.example.com:25" in " ".join(page.main.text.split())
        assert page.select_one('a[href^="tcp:"]') is None

    def test_a_check_shows_what_was_heard(self, signed_in, add_monitor, check) -> None:
        public_id = add_monitor(
            kind="tcp", target="a.example.com:25", settings={"send": SECRET, "expect": "220"}
        )
        seen = {
            "url": "tcp://a.example.com:25",
            "address": "192.0.2.71",
            "body": "554 no\nbye",
            "expected": {"keyword": "220"},
        }
        check(Reason.ANSWER_UNEXPECTED, ago=10, evidence=seen)
        href = signed_in.page(f"/monitors/{public_id}").select_one("table.checks a")["href"]
        page = signed_in.page(href)
        assert "The answer does not contain “220”." in page.main.text
        said = page.find("pre", attrs={"aria-label": "Request"}).text.splitlines()
        assert said == ["tcp://a.example.com:25", "Send: [hidden]", "Expect: 220"]
        heard = page.find("pre", attrs={"aria-label": "Answer"}).text.splitlines()
        assert (heard[0], heard[-1]) == ("554 no", "bye")
        assert "status code" not in page.main.text
        assert SECRET not in str(page)


class TestPing:
    def test_a_host_is_enough(self, signed_in, stored) -> None:
        assert signed_in.submit("/monitors", kind="ping", url="::1").status_code == 303
        made = stored()
        assert (made.kind, made.target, made.settings) == ("ping", "ping://[::1]", {})

    def test_every_field_is_taken(self, signed_in, stored) -> None:
        fields = {"packets": "5", "max_loss": "0", "ip_family": "ipv4"}
        assert signed_in.submit("/monitors", kind="ping", url="example.com", **fields).status_code == 303
        assert stored().settings == {"packets": 5, "max_loss": 0, "ip_family": "ipv4"}

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("url", "example.com:80", "Must not name a port: a ping has none"),
            ("packets", "11", "Must be from 1 to 10."),
            ("packets", "many", "Must be a whole number."),
            ("max_loss", "100", "Must be from 0 to 99."),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(self, signed_in, field: str, value: str, said: str) -> None:
        answer = signed_in.submit("/monitors", **{"kind": "ping", "url": "a", field: value})
        assert answer.status_code == 422
        assert said in error_at(soup(answer), field)

    def test_a_check_shows_each_packet_also_where_all_is_well(self, signed_in, add_monitor, check) -> None:
        public_id = add_monitor(kind="ping", target="a.example.com")
        seen = {
            "url": "ping://a.example.com",
            "address": "192.0.2.71",
            "round_trips_us": [9_000, None, 11_000],
        }
        check(ago=10, evidence=seen)
        page = signed_in.page(f"/monitors/{public_id}")
        assert "Ping, 3 packets every 5 s · ping://a.example.com" in " ".join(page.main.text.split())
        shown = signed_in.page(page.select_one("table.checks a")["href"])
        pairs = {each.dt.text: each.dd.text for each in shown.select(".pairs > div")}
        assert pairs["Packets"] == "3 sent, 2 came back"
        assert pairs["Round trips"] == "9.0 ms, lost, 11.0 ms"
        assert "only its times are kept" not in shown.main.text
        assert "look-up and mean round trip" in shown.main.text

    def test_that_pings_are_not_allowed_is_no_failure_and_says_what_to_do(
        self, signed_in, add_monitor, check
    ) -> None:
        public_id = add_monitor(kind="ping", target="a.example.com")
        why = "neither the sysctl net.ipv4.ping_group_range nor CAP_NET_RAW allows it"
        check(Reason.PING_FORBIDDEN, ago=10, evidence={"url": "ping://a.example.com", "error": why})
        page = signed_in.page(f"/monitors/{public_id}")
        assert "This machine does not let us send pings." in page.main.text
        assert "This is not counted as down." in page.main.text
        assert why in signed_in.page(page.select_one("table.checks a")["href"]).main.text


class TestTrials:
    @pytest.mark.parametrize(
        ("kind", "url", "chosen"),
        [
            ("tcp", "tcp://a:1", {"send": SECRET, "expect": "220"}),
            ("ping", "ping://a", {"packets": 1}),
        ],
    )
    def test_every_kind_can_be_tried_and_comes_back_as_it_was(
        self, signed_in, sessions, now, vault, kind: str, url: str, chosen: dict[str, object]
    ) -> None:
        typed = {name: str(value) for name, value in chosen.items()}
        answer = signed_in.submit("/monitors/trials", kind=kind, url=url, **typed)
        assert answer.status_code == 303
        with transaction(sessions) as session:
            [trial] = trials.take_trials(session, "check", now=now, limit=10)
            payload = trials.payload_of(trial, vault)
        assert (payload["kind"], payload["target"], payload["settings"]) == (kind, url, chosen)
        page = signed_in.page(answer.location)
        assert page.select_one("[name=kind]")["value"] == kind
        assert page.select_one("[name=url]")["value"] == url
        assert SECRET not in str(page)

    def test_secrets_of_a_trial_are_saved_with_it(self, signed_in, stored, vault) -> None:
        trial = signed_in.submit("/monitors/trials", kind="tcp", url="a:1", send=SECRET).location.partition(
            "="
        )[2]
        made = signed_in.submit("/monitors", kind="tcp", url="a:1", trial=trial, secrets_kept="true")
        assert made.status_code == 303
        assert open_settings(stored(), vault).model_dump()["send"] == SECRET

    def test_secrets_of_another_kind_are_not_taken_over(self, signed_in, stored) -> None:
        trial = signed_in.submit("/monitors/trials", kind="tcp", url="a:1", send=SECRET).location.partition(
            "="
        )[2]
        assert signed_in.submit("/monitors", kind="ping", url="a", trial=trial).status_code == 303
        assert (stored().kind, stored().secrets) == ("ping", None)
