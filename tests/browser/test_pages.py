"""Every page, in a browser: by axe's rules, on three widths, light and dark, and by keyboard alone."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.browser import Visitor
from harness.demo import furnish
from harness.emeter import EMAIL, PASSWORD, Emeter
from harness.looks import ALWAYS, SCREENS, Screen, overflow, unreachable, violations

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
    "monitor",
    "monitor_edit",
    "monitor_delete",
    "check",
    "incidents",
    "incident",
    "alerts",
    "settings",
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
    for name, path in SIGNED_OUT.items():
        person.visit(path)
        person.page.screenshot(path=shots / f"{name}-{screen.name}.png", full_page=True)
        wrong[name] = [*violations(person.page), *overflow(person.page)]
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize("screen", [SCREENS[0], SCREENS[-1]], ids=lambda screen: screen.name)
def test_everything_is_reached_and_seen_by_keyboard(
    screen: Screen, signed_in: Callable[[Screen], Visitor], fleet: tuple[Emeter, dict[str, str]]
) -> None:
    person = signed_in(screen)
    left = {}
    for name in SIGNED_IN:
        person.visit(fleet[1][name])
        left[name] = unreachable(person.page)
    assert {name: found for name, found in left.items() if found} == {}
