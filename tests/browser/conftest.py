"""A browser for all tests, and somebody new with it for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from harness.browser import Visitor, chromium, find_chromium, visitor
from harness.emeter import Emeter
from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        find_chromium()
    except RuntimeError as error:
        pytest.skip(str(error))
    with chromium() as running:
        yield running


@pytest.fixture
def new_visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Make somebody new in front of an `emeter up`; at the end nothing may have gone wrong on their pages."""
    made: list[Visitor] = []
    with ExitStack() as stack:

        def make(emeter: Emeter, **options: object) -> Visitor:
            url = f"http://localhost:{emeter.port}"
            made.append(stack.enter_context(visitor(browser, url, **options)))  # type: ignore[arg-type]
            return made[-1]

        yield make
    assert [complaint for each in made for complaint in each.complaints] == []
