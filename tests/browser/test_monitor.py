"""What one does with a monitor, from the first try to its end: in place with scripts, else page by page."""

import re
from collections.abc import Callable, Iterator

import pytest
from harness.browser import Visitor
from harness.emeter import Emeter
from harness.targets import Target, Targets
from playwright.sync_api import Page, expect

PASSWORD = "a password of some length"
AWAITED = "A check is on its way."


@pytest.fixture(scope="module")
def emeter(make_emeter: Callable[..., Emeter]) -> Iterator[Emeter]:
    running = make_emeter("monitor").start()
    yield running
    running.stop()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    wanted: bool = request.param
    return wanted


@pytest.fixture
def page(scripts, emeter: Emeter, new_visitor: Callable[..., Visitor], targets: Targets) -> Page:
    """Somebody who has just registered, in front of a form with the address of a site that is up."""
    visitor = new_visitor(emeter, javascript=scripts)
    page = visitor.visit("/users/register")
    page.get_by_label("Email").fill(f"monitor-{scripts}-{id(visitor)}@example.com".lower())
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Register").click()
    site: Target = targets.serve()
    visitor.visit("/monitors/new")
    page.get_by_label("URL").fill(site.url())
    page.get_by_label("Name").fill("Shop")
    page.get_by_label("Interval").fill("5")
    return page


def test_a_monitor_is_tried_before_it_is_saved(page: Page, scripts) -> None:
    page.get_by_role("button", name="Try it").click()
    answer = page.locator("#try .panel[data-status=up]")
    expect(answer).to_contain_text("Would be up")
    expect(answer).to_contain_text(re.compile(r"200 in <?\d+ ms"))
    expect(page.get_by_label("Name")).to_have_value("Shop")
    # In place the address stays; without scripts the trial stands in it.
    assert ("trial=" in page.url) is not scripts
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop")


def test_saving_does_not_wait_for_a_trial(page: Page) -> None:
    page.get_by_role("button", name="Try it").click()
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop")


def test_a_mistake_is_told_at_its_field_and_mended(page: Page) -> None:
    page.get_by_label("Timeout").fill("9")
    page.get_by_role("button", name="Save and start").click()
    expect(page.locator("[name=timeout][aria-invalid=true]")).to_be_visible()
    page.get_by_label("Timeout").fill("3")
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Shop")


def test_a_check_that_is_asked_for_comes_to_the_page(page: Page) -> None:
    page.get_by_label("Interval").fill("3600")
    page.get_by_role("button", name="Save and start").click()
    page.wait_for_url(re.compile(r"/monitors/[0-9a-f-]{36}"))
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text(AWAITED)).to_have_count(0)
    expect(page.locator("table.checks tbody tr").first).to_contain_text("200")


def test_a_monitor_is_paused_resumed_and_deleted(page: Page, scripts) -> None:
    page.get_by_role("button", name="Save and start").click()
    page.get_by_role("button", name="Pause").first.click()
    expect(page.locator("main [data-monitor-id][data-status=paused]")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    # The button alone may have come by itself, before the page that answers.
    expect(page.get_by_text("Shop is checked again.")).to_be_visible()
    expect(page.get_by_role("button", name="Check now")).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_label("More actions").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete monitor").click()
    expect(page.get_by_text("Shop is deleted.")).to_be_visible()
    if scripts:
        expect(other.get_by_text("This monitor was deleted.")).to_be_visible()
        expect(other.get_by_role("heading", level=1)).to_have_text("Shop")


def test_an_open_menu_stays_open_when_somebody_else_changes_the_monitor(page: Page, scripts) -> None:
    if not scripts:
        pytest.skip("without scripts a page does not change by itself")
    page.get_by_role("button", name="Save and start").click()
    other = page.context.new_page()
    other.goto(page.url)
    for action, status in (("Pause", "paused"), ("Resume", "up")):
        page.get_by_label("More actions").click()
        other.get_by_role("button", name=action).first.click()
        expect(page.locator(f"main [data-monitor-id][data-status={status}]").first).to_be_visible()
        expect(page.get_by_role("link", name="Delete")).to_be_visible()
        page.keyboard.press("Escape")


def test_another_kind_has_its_own_form_and_becomes_a_monitor(page: Page, scripts, targets: Targets) -> None:
    page.get_by_role("navigation", name="Kind").get_by_role("link", name="TCP port").click()
    target = page.get_by_label("Host and port")
    target.fill(re.sub(r"^http://|/$", "", targets.serve().url()))
    # In place nothing that was typed is lost, and who goes by keyboard stays where they were.
    expect(page.get_by_label("Name")).to_have_value("Shop" if scripts else "")
    expect(page.locator("nav.kinds [aria-current]")).to_have_text(re.compile("TCP port"))
    assert page.url.endswith("?kind=tcp")
    page.get_by_label("Name").fill("Port")
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#try .panel[data-status=up]")).to_contain_text("Would be up")
    page.get_by_role("button", name="Save and start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Port")
    expect(page.locator("main")).to_contain_text("TCP every")


def test_the_form_of_a_heartbeat_wants_a_name_and_no_address(page: Page) -> None:
    expect(page.locator(".lede")).to_contain_text("An address is enough.")
    page.get_by_role("navigation", name="Kind").get_by_role("link", name="Heartbeat").click()
    expect(page.locator(".lede")).to_contain_text("A name is enough.")


def test_the_chart_of_a_ping_has_its_round_trip_and_dns_alone(page: Page, scripts) -> None:
    page.get_by_role("navigation", name="Kind").get_by_role("link", name="Ping").click()
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.get_by_label("Interval").fill("5")
    page.get_by_role("button", name="Save and start").click()
    expect(page.locator(".legend")).to_have_text(re.compile(r"Round trip.*DNS.*Total", re.DOTALL))
    expect(page.locator(".legend")).not_to_contain_text("TLS")
    if scripts:
        expect(page.locator("#latency-plot canvas")).to_be_visible()
