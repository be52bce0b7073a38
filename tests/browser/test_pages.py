"""Every page, in a browser: by axe's rules, on three widths, light and dark, and by keyboard alone."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.browser import Visitor
from harness.demo import furnish
from harness.emeter import EMAIL, PASSWORD, Emeter
from harness.looks import ALWAYS, SCREENS, Screen, overflow, unreachable, violations
from harness.routes import addresses, rare_pages
from playwright.sync_api import Page

EVERY = [pytest.param(screen, marks=[] if screen.name in ALWAYS else pytest.mark.soak) for screen in SCREENS]
SIGNED_OUT = {
    "welcome": "/",
    "register": "/users/register",
    "log_in": "/users/log_in",
    "forgot": "/users/reset_password",
    "resend": "/users/confirm",
    "components": "/dev/components",
}
SIGNED_IN = (
    "dashboard",
    "monitors",
    "monitors_down",
    "monitors_none",
    "monitor_new",
    "monitor_new_tcp",
    "monitor_new_heartbeat",
    "monitor",
    "monitor_heartbeat",
    "monitor_long",
    "monitor_edit",
    "monitor_delete",
    "check",
    "incidents",
    "incident",
    "alerts",
    "settings",
    "settings_delete",
    "mailbox",
    "not_found",
)


@pytest.fixture(scope="module")
def fleet(make_emeter: Callable[..., Emeter]) -> Iterator[tuple[Emeter, dict[str, str]]]:
    running = make_emeter("fleet").start()
    yield running, furnish(running)
    running.stop()


@pytest.fixture(scope="module")
def shots(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept: Path | None = request.config.getoption("--shots")
    return kept or tmp_path_factory.mktemp("shots")


@pytest.fixture
def signed_in(
    new_visitor: Callable[..., Visitor], fleet: tuple[Emeter, dict[str, str]]
) -> Callable[[Screen], Visitor]:
    def log_in(screen: Screen) -> Visitor:
        person = new_visitor(fleet[0], **screen.options)
        person.visit("/users/log_in")
        person.page.get_by_label("Email").fill(EMAIL)
        person.page.get_by_label("Password").fill(PASSWORD)
        person.page.get_by_role("button", name="Log in").click()
        person.page.wait_for_url(re.compile(r"/$"))
        return person

    return log_in


@pytest.mark.parametrize("screen", EVERY, ids=lambda screen: screen.name)
def test_pages_of_the_fleet(
    screen: Screen,
    signed_in: Callable[[Screen], Visitor],
    fleet: tuple[Emeter, dict[str, str]],
    shots: Path,
) -> None:
    person = signed_in(screen)
    wrong = {}
    for name in SIGNED_IN:
        person.visit(fleet[1][name])
        person.page.screenshot(path=shots / f"{name}-{screen.name}.png", full_page=True)
        wrong[name] = [*violations(person.page), *overflow(person.page)]
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("screen", EVERY, ids=lambda screen: screen.name)
def test_pages_for_strangers(
    screen: Screen,
    new_visitor: Callable[..., Visitor],
    fleet: tuple[Emeter, dict[str, str]],
    shots: Path,
) -> None:
    person = new_visitor(fleet[0], **screen.options)
    wrong = {}
    for name, path in {**SIGNED_OUT, "reset": fleet[1]["reset"]}.items():
        person.visit(path)
        person.page.screenshot(path=shots / f"{name}-{screen.name}.png", full_page=True)
        wrong[name] = [*violations(person.page), *overflow(person.page)]
    assert {name: found for name, found in wrong.items() if found} == {}


def test_no_page_breaks_the_policy_or_a_script(
    new_visitor: Callable[..., Visitor],
    signed_in: Callable[[Screen], Visitor],
    fleet: tuple[Emeter, dict[str, str]],
) -> None:
    """All that the router answers by GET; what a page complains about is looked at in the end."""
    emeter, named = fleet
    stranger = new_visitor(emeter)
    stranger.visit("/users/reset_password").get_by_label("Email").fill(EMAIL)
    stranger.page.get_by_role("button", name="Send instructions").click()
    mail = emeter.wait_until(lambda: next(iter(emeter.data.glob("mail/*.eml")), None), 20, "a mail")
    paths = addresses(named, f"/dev/mailbox/{mail.name}")
    answers = {}
    for who, person in (("nobody", stranger), ("alice", signed_in(SCREENS[-1]))):
        for path in paths:
            answer = person.page.goto(person.base_url + path)
            # What is folded may hold what the policy forbids.
            person.page.evaluate(
                "document.querySelectorAll('details').forEach(each => { each.open = true; })"
            )
            answers[who, path] = answer.status if answer else 0
    assert {each: status for each, status in answers.items() if status != 200} == {}
    assert len(answers) > 40


def test_the_policy_is_at_work_and_a_violation_is_heard(
    new_visitor: Callable[..., Visitor], fleet: tuple[Emeter, dict[str, str]]
) -> None:
    """Else no complaint would mean nothing."""
    person = new_visitor(fleet[0])
    person.visit("/users/log_in")
    person.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    person.page.wait_for_timeout(50)
    assert any(said.startswith("policy: style-src") for said in person.complaints)
    person.complaints.clear()


def test_pages_that_say_what_is_wrong(
    new_visitor: Callable[..., Visitor],
    signed_in: Callable[[Screen], Visitor],
    fleet: tuple[Emeter, dict[str, str]],
    shots: Path,
) -> None:
    """Forms that come back, and the pages of errors, on a phone in the dark."""
    screen = SCREENS[1]
    stranger, person = new_visitor(fleet[0], **screen.options), signed_in(screen)
    wrong = {}

    def look(name: str, page: Page, heading: str) -> None:
        assert page.get_by_role("heading", level=1).inner_text() == heading
        # What is half below a bar that stays is no target for axe; the page had scrolled to its mistake.
        page.evaluate("window.scrollTo(0, 0)")
        page.screenshot(path=shots / f"{name}-{screen.name}.png", full_page=True)
        if found := [*violations(page), *overflow(page)]:
            wrong[name] = found

    for name, path, heading in (
        ("register", "/users/register", "Register"),
        ("log_in", "/users/log_in", "Log in"),
        ("reset", fleet[1]["reset"], "Reset password"),
    ):
        look(f"{name}-refused", send_badly(stranger.visit(path), "form.form"), heading)
    for form in ("update_email", "update_password"):
        look(f"{form}-refused", send_badly(person.visit("/users/settings"), f"form#{form}"), "Settings")
    look(
        "delete-refused",
        send_badly(person.visit("/users/settings/delete"), "main form"),
        "Delete your account",
    )
    look("404", stranger.visit("/nowhere"), "There is nothing here")
    look("405", stranger.visit("/users/log_out"), "That cannot be done here")
    stranger.visit("/users/confirm").evaluate(
        "document.querySelector('form.form [name=_csrf_token]').value = 'x'"
    )
    look("403", send_badly(stranger.page, "form.form"), "This was not sent from here")
    for _ in range(6):
        send_badly(stranger.visit("/users/reset_password"), "form.form")
    look("429", stranger.page, "Too many tries")
    headings = {"broken": "Something broke", "closed": "Registration is closed"}
    for name, html in rare_pages(fleet[0]).items():
        answer = {"body": html, "content_type": "text/html"}
        stranger.page.route(f"**/{name}", lambda route, _request, answer=answer: route.fulfill(**answer))
        look(name, stranger.visit(f"/{name}"), headings[name])
    assert wrong == {}


def send_badly(page: Page, form: str) -> Page:
    """Fill in a form with what no field takes, and send it past the browser's own checks."""
    fields = page.locator(f"{form} input:is([type=email], [type=password])")
    for number in range(fields.count()):
        fields.nth(number).fill("with spaces")
    page.locator(form).evaluate("form => { form.noValidate = true; }")
    page.locator(f"{form} button[type=submit], {form} button:not([type])").first.click()
    page.wait_for_load_state()
    return page


def test_somebody_logs_in_by_keyboard_alone(
    new_visitor: Callable[..., Visitor], fleet: tuple[Emeter, dict[str, str]]
) -> None:
    page = new_visitor(fleet[0], **SCREENS[0].options).visit("/users/log_in")
    for name, typed in (("email", EMAIL), ("password", PASSWORD)):
        while page.evaluate("document.activeElement.name") != name:
            page.keyboard.press("Tab")
        page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/$"))
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("screen", [SCREENS[0], SCREENS[-1]], ids=lambda screen: screen.name)
def test_everything_is_reached_and_seen_by_keyboard(
    screen: Screen,
    new_visitor: Callable[..., Visitor],
    signed_in: Callable[[Screen], Visitor],
    fleet: tuple[Emeter, dict[str, str]],
) -> None:
    person, stranger = signed_in(screen), new_visitor(fleet[0], **screen.options)
    left = {}
    for name in SIGNED_IN:
        person.visit(fleet[1][name])
        left[name] = unreachable(person.page)
    for name, path in {**SIGNED_OUT, "reset": fleet[1]["reset"]}.items():
        left[name] = unreachable(stranger.visit(path))
    assert {name: found for name, found in left.items() if found} == {}
