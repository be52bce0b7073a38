"""What somebody does who opens E-Meter for the first time, until the first alert and its all-clear."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from harness.browser import Visitor
from harness.emeter import Emeter
from harness.receiver import Receiver, receiver
from harness.targets import Target, Targets
from harness.waiting import wait_until
from playwright.sync_api import expect
from standardwebhooks import Webhook

PASSWORD = "a password of some length"
# Three failures at 5 s, and what the last of them and its way into the database may take.
DOWN_WITHIN_S, UP_WITHIN_S = 25, 20


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


@pytest.fixture(scope="module")
def emeter(make_emeter: Callable[..., Emeter]) -> Iterator[Emeter]:
    """Nobody has registered yet."""
    running = make_emeter("newcomer").start()
    yield running
    running.stop()


class Newcomer:
    """The person: with scripts a page changes by itself, without they load it again."""

    def __init__(self, visitor: Visitor, emeter: Emeter, email: str, *, scripts: bool) -> None:
        self.visitor, self.emeter, self.email, self.scripts = visitor, emeter, email, scripts
        self.page = visitor.page
        self.loads = 0
        self.page.on("load", lambda _page: setattr(self, "loads", self.loads + 1))

    def register(self) -> None:
        self.visitor.visit("/")
        self.page.get_by_role("link", name="Register").first.click()
        self.page.get_by_label("Email").fill(self.email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Register").click()
        expect(self.page.get_by_text("User created successfully.")).to_be_visible()

    def add_webhook(self, url: str) -> str:
        """Have a webhook called, and return the secret that its calls are signed with."""
        self.visitor.visit("/alerts")
        self.page.get_by_label("URL").fill(url)
        self.page.locator("form", has=self.page.get_by_label("URL")).get_by_role(
            "button", name="Save"
        ).click()
        self.page.get_by_text("Signing secret", exact=True).first.click()
        secret = self.page.get_by_text(re.compile(r"whsec_")).first.inner_text()
        return re.search(r"whsec_[A-Za-z0-9+/=]+", secret).group()  # type: ignore[union-attr]

    def add_monitor(self, url: str, name: str) -> None:
        self.visitor.visit("/monitors/new")
        self.page.get_by_label("URL").fill(url)
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Interval").fill("5")
        self.page.get_by_label("Timeout").fill("2")
        self.page.get_by_role("button", name="Save and start").click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(name)

    def sees(self, status: str, seconds: float) -> float:
        """Wait until the page of the monitor says so; returns how long that took, in seconds."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if self.page.locator(f"main [data-monitor-id][data-status={status}]").count():
                return time.monotonic() - begin
            self.page.wait_for_timeout(100 if self.scripts else 500)
            if not self.scripts:
                self.page.reload()
        raise AssertionError(f"not {status} within {seconds} s:\n{self.page.locator('main').inner_text()}")

    def mails(self) -> list[str]:
        """The subjects in the mailbox."""
        self.visitor.visit("/dev/mailbox")
        return self.page.locator("main [data-subject]").all_inner_texts()

    def verdict(self, column: str) -> float:
        """When the incident was confirmed, or its end was recorded, in seconds since 1970."""
        row = self.emeter.rows(
            f"SELECT i.{column} FROM incidents i JOIN memberships m USING (team_id)"
            " JOIN users u ON u.id = m.user_id WHERE u.email = :email",
            email=self.email,
        )
        moment: datetime = row[0][0]
        return moment.timestamp()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_first_alert(
    *,
    scripts: bool,
    emeter: Emeter,
    new_visitor: Callable[..., Visitor],
    targets: Targets,
    hook: Receiver,
    figure: Callable[[str], None],
) -> None:
    site: Target = targets.serve()
    email = f"newcomer-{scripts}@example.com".lower()
    person = Newcomer(new_visitor(emeter, javascript=scripts), emeter, email, scripts=scripts)
    person.register()
    secret = person.add_webhook(hook.url)
    person.add_monitor(site.url(), "Shop")

    figure(f"newcomer: up {person.sees('up', 5):.2f} s after adding")
    expect(person.page.locator("main .lede")).to_contain_text(re.compile(r"200 in \d+ ms"))
    loads = person.loads

    if scripts:
        # As if the chart had come at the instant of the verdict.
        person.page.evaluate("document.querySelector('[data-latency]').loadedAt = Date.now() + 60_000")
    site.stop()
    person.sees("down", DOWN_WITHIN_S)
    on_page = time.time() - person.verdict("confirmed_at")
    expect(person.page.locator("main")).to_contain_text("Connection refused")
    expect(person.page.get_by_role("link", name="Open incident")).to_be_visible()
    if scripts:
        assert person.loads == loads
        assert on_page < 2
        # The chart keeps up with the page above it.
        charted = (
            "document.querySelector('[data-latency]').series?.bands.some(({status}) => status === 'down')"
        )
        wait_until(lambda: person.page.evaluate(charted), 5, "a chart that is red")
    opened = wait_until(lambda: _call(hook, "incident.opened"), 10, "a webhook")
    in_hand = opened.at - person.verdict("confirmed_at")
    assert in_hand < 2
    _verify(secret, opened)
    figure(f"newcomer: {on_page:.2f} s from the verdict to the page, {in_hand:.2f} s to the webhook")
    assert any("Down" in subject and "Shop" in subject for subject in person.mails())

    person.page.go_back()
    site.start()
    person.sees("up", UP_WITHIN_S)
    resolved = wait_until(lambda: _call(hook, "incident.resolved"), 10, "the all-clear")
    _verify(secret, resolved)
    assert any("Up again" in subject for subject in person.mails())
    person.visitor.visit("/incidents")
    person.page.get_by_role("link", name=re.compile("Shop")).first.click()
    expect(person.page.locator("main")).to_contain_text(email)


def _call(hook: Receiver, event: str) -> Any:  # noqa: ANN401 - a Hook, or what is false
    return next((each for each in hook.hooks if json.loads(each.body)["type"] == event), None)


def _verify(secret: str, call: Any) -> None:  # noqa: ANN401 - a Hook
    assert base64.b64decode(secret.removeprefix("whsec_"))
    Webhook(secret).verify(call.body, call.headers)
