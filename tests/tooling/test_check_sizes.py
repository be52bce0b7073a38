from pathlib import Path

import check_sizes
import pytest

PACKAGE = "packages/core/src/emeter_core"


def check(tmp_path: Path, name: str, lines: list[str]) -> int:
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines) + "\n")
    return check_sizes.main(tmp_path)


def function(lines: int) -> list[str]:
    return ["def long():", *["    pass"] * (lines - 1)]


@pytest.mark.parametrize(("lines", "code"), [(300, 0), (301, 1)])
@pytest.mark.parametrize(
    "name", [f"{PACKAGE}/long.py", "packages/web/src/emeter_web/static/long.css", "scripts/long.py"]
)
def test_a_file_has_300_lines_at_most(tmp_path: Path, name: str, lines: int, code: int) -> None:
    assert check(tmp_path, name, ["#"] * lines) == code


@pytest.mark.parametrize(("lines", "code"), [(40, 0), (41, 1)])
def test_a_function_has_40_lines_at_most(tmp_path: Path, lines: int, code: int) -> None:
    assert (
        check(tmp_path, f"{PACKAGE}/long.py", ["class A:", *("    " + line for line in function(lines))])
        == code
    )


@pytest.mark.parametrize(
    "name", ["packages/core/tests/test_long.py", f"{PACKAGE}/migrations/versions/2026_long.py"]
)
def test_tests_and_migrations_may_be_long(tmp_path: Path, name: str) -> None:
    assert check(tmp_path, name, function(301)) == 0


def test_the_finding_says_where_and_how_much(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(tmp_path, f"{PACKAGE}/long.py", function(41))
    assert capsys.readouterr().err == f"{PACKAGE}/long.py:1: long has 41 lines, 40 at most\n"
