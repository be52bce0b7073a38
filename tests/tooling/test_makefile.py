import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

PROMISED = {
    *("run", "test", "lint", "format", "types", "cover", "bench", "soak"),
    *("migrate", "migration", "clean", "help"),
    *("test-storage", "test-core", "test-web", "test-checker"),
}


def test_make_alone_lists_every_target(root: Path, run: Run) -> None:
    listed = run("make", "--no-print-directory", cwd=root).stdout
    for target in PROMISED:
        assert re.search(rf"\b{target}(?![\w-])", listed), target
    phony = re.findall(r"^\.PHONY: (.*)$", (root / "Makefile").read_text(), re.MULTILINE)
    assert sorted(" ".join(phony).split()) == sorted([*PROMISED, "FORCE"])


def test_every_target_says_what_it_does(root: Path, run: Run) -> None:
    listed = run("make", "--no-print-directory", cwd=root).stdout
    for line in listed.splitlines():
        assert not line.startswith("  make") or re.search(r"  +make [a-z -]+( {2,}[A-Z].+)?$", line), line


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "CONTRIBUTING.md"])
def test_no_path_of_one_machine_is_named(root: Path, name: str) -> None:
    assert not re.search(r"(?<![\w$.)])/(?:root|home|work|tmp|Users)/", (root / name).read_text())


def test_a_migration_must_say_what_it_does(root: Path, run: Run) -> None:
    done = run("make", "--dry-run", "migration", "m=add monitors", cwd=root)
    assert 'emeter_core.testing.migration "add monitors"' in done.stdout
