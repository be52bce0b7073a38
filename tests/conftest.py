"""Fixtures of the tests across packages: `emeter up` itself, and real servers for it to check."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

# The tests are no package; what they share is imported by name.
sys.path.insert(0, str(Path(__file__).parent))

from harness.emeter import Emeter, short_directory
from harness.targets import Targets

_FIGURES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", type=Path, help="where the browser tests keep their screenshots")
    parser.addoption("--kills", type=int, default=500, help="how many kills the soak test of kills does")
    parser.addoption("--seed", type=int, default=1, help="what is random in it follows from this")
    parser.addoption("--sum", type=Path, help="the file in which it adds up what several runs have found")


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Have a measured figure told at the end of the run."""
    return request.config.stash.setdefault(_FIGURES, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    figures = config.stash.get(_FIGURES, [])
    if figures:
        terminalreporter.section("figures")
        for each in figures:
            terminalreporter.write_line(each)


@pytest.fixture(scope="session")
def targets() -> Iterator[Targets]:
    """Servers whose behaviour can be changed while they run."""
    made = Targets()
    yield made
    made.close()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts."""
    return trustme.CA()


def _makers() -> Iterator[Callable[..., Emeter]]:
    made: list[Emeter] = []
    root = short_directory()

    def make(name: str = "", *, parent: Path = root, **options: object) -> Emeter:
        made.append(Emeter(parent / (name or f"d{len(made)}"), **options))  # type: ignore[arg-type]
        return made[-1]

    try:
        yield make
    finally:
        for emeter in made:
            emeter.clean_up()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def new_emeter() -> Iterator[Callable[..., Emeter]]:
    """Make an `emeter up` that is not started yet, with a data directory of its own."""
    yield from _makers()


@pytest.fixture(scope="module")
def make_emeter() -> Iterator[Callable[..., Emeter]]:
    """The same, for one that serves all tests of a module."""
    yield from _makers()


@pytest.fixture(scope="module")
def emeter(make_emeter: Callable[..., Emeter]) -> Iterator[Emeter]:
    """One `emeter up` for all tests of a module, with a user; stopped in order at the end."""
    running = make_emeter("data").start().register()
    yield running
    running.stop()
