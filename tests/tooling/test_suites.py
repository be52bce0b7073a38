from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import suites

Run = Callable[..., CompletedProcess[str]]

REPORT = '<testsuites><testsuite errors="1" failures="2" skipped="3" tests="10"/></testsuites>'


def test_settings_of_the_caller_do_not_reach_the_suites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "DATABASE_URL",
        "SECRET_KEY",
        "EMETER_REGISTRATION",
        "PGHOST",
        "GUNICORN_CMD_ARGS",
        "PYTEST_ADDOPTS",
    ):
        monkeypatch.setenv(name, "of the caller")
        for suite in (suites.Suite("core", "x", "core"), suites.Suite("tests", "x")):
            assert f"-u {name} " in " ".join(suites.command(suite, ["pytest"], tmp_path))
    monkeypatch.setenv("PATH", "kept")
    assert "PATH" not in suites.command(suite, ["pytest"], tmp_path)


@pytest.mark.parametrize(
    ("package", "found"),
    [
        ("storage", "emeter_storage"),
        ("core", "emeter_storage emeter_core"),
        ("web", "emeter_storage emeter_core emeter_web flask"),
        ("checker", "emeter_storage emeter_core emeter_checker rq"),
    ],
)
def test_a_package_is_tested_with_its_own_dependencies_only(
    root: Path, tmp_path: Path, run: Run, package: str, found: str
) -> None:
    asked = "emeter_storage emeter_core emeter_web emeter_checker flask rq mypy"
    program = f"from importlib.util import find_spec; print(*filter(find_spec, {asked.split()!r}))"
    suite = suites.Suite(package, "x", package)
    done = run(*suites.command(suite, ["python", "-c", program], tmp_path), cwd=root)
    assert done.stdout.strip() == found, done.stderr


def test_the_counts_are_those_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    assert str(suites.tally("core", 1, tmp_path / "report.xml")) == "core: 4 passed, 3 failed, 3 skipped"


def test_a_suite_that_could_not_begin_has_failed(tmp_path: Path) -> None:
    tally = suites.tally("core", 4, tmp_path / "missing.xml")
    assert tally.code == 4
    assert str(tally) == "core: 0 passed, 0 failed, 0 skipped (pytest exited with 4)"


def test_no_test_chosen_is_a_failure_but_no_test_written_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert suites.run(suites.Suite("empty", "empty"), [], tmp_path, cover=False) == suites.Tally("empty", 0)
    no_tests_collected = 5
    (tmp_path / "report.xml").write_text('<r><testsuite errors="0" failures="0" skipped="0" tests="0"/></r>')
    assert suites.tally("core", no_tests_collected, tmp_path / "report.xml").code == no_tests_collected


@pytest.mark.parametrize(
    ("which", "arguments", "code"),
    [("all", [], 1), ("cover", [], 1), ("all", ["-k", "x"], 0), ("core", [], 0)],
)
def test_a_full_run_without_all_cases_of_accounts_has_failed(
    monkeypatch: pytest.MonkeyPatch, capsys, which: str, arguments: list[str], code: int
) -> None:
    monkeypatch.setattr(suites, "signal", lambda *_: None)
    monkeypatch.setattr(suites, "run", lambda suite, *_, **__: suites.Tally(suite.name, 0, 1))
    monkeypatch.setattr(suites.foreground, "run", lambda *_, **__: 0)
    assert suites.main(which, arguments) == code
    said = capsys.readouterr().out
    assert ("accounts: 0 of 126 cases ran and passed" in said) is (which != "core")
    assert ("did not run: A01 A02" in said) is bool(code)
