"""Which cases of the specification ran is read from what pytest reports."""

from pathlib import Path

import cases
import pytest


@pytest.fixture
def report(tmp_path: Path):  # noqa: ANN201 - a function that writes a report
    """Write the report of a suite: names of tests, each with what came of it."""

    def write(suite: str, **results: str) -> tuple[str, Path]:
        path = tmp_path / f"{suite}.xml"
        tests = (
            f'<testcase classname="x" name="{name}">{f"<{result}/>" if result else ""}</testcase>'
            for name, result in results.items()
        )
        path.write_text(f"<testsuites><testsuite>{''.join(tests)}</testsuite></testsuites>")
        return suite, path

    return write


def test_there_are_126() -> None:
    assert len(set(cases.CASES)) == 126
    assert (cases.CASES[0], cases.CASES[-1]) == ("A01", "X25")


def test_all_of_them_ran(report) -> None:
    core = {f"test_{case.lower()}_holds[one]": "" for case in cases.CASES if case[0] in "AX"}
    web = {f"test_{case.lower()}_holds": "" for case in cases.CASES if case[0] not in "AX"}
    told = cases.verdicts([report("core", **core), report("web", **web)])
    assert told.is_complete
    assert str(told) == "accounts: 126 of 126 cases ran and passed"


def test_what_is_missing_and_what_failed_is_named(report) -> None:
    core = {f"test_{case.lower()}_holds": "" for case in cases.CASES if case[0] in "AX"}
    web = {f"test_{case.lower()}_holds": "" for case in cases.CASES if case[0] not in "AX"}
    del web["test_t09_holds"], core["test_a01_holds"]
    told = cases.verdicts([report("core", **core | {"test_a34_also": "failure"}), report("web", **web)])
    assert not told.is_complete
    assert str(told) == ("accounts: 123 of 126 cases ran and passed; failed: A34; did not run: A01 T09")


@pytest.mark.parametrize("result", ["failure", "error", "skipped"])
def test_a_case_has_passed_where_all_its_tests_did(report, result: str) -> None:
    told = cases.verdicts([report("core", test_a01_x="", test_a01_y=result, test_a02_x="")])
    assert (told.passed, told.failed) == ({"A02"}, {"A01"})


@pytest.mark.parametrize(
    "name", ["test_a52_x", "test_a1_x", "test_a011_x", "a01", "test_says_a01_x", "test_r17_x"]
)
def test_other_names_carry_no_case(report, name: str) -> None:
    assert cases.verdicts([report("core", **{name: ""})]).passed == set()


def test_a_case_counts_where_it_belongs(report) -> None:
    told = cases.verdicts(
        [report("web", test_a01_x="", test_x01_x=""), report("core", test_u01_x="", test_x02_x="")]
    )
    assert told.passed == {"X01", "X02"}


def test_a_suite_that_left_no_report_ran_nothing(tmp_path: Path) -> None:
    assert cases.verdicts([("core", tmp_path / "missing.xml")]).missing == list(cases.CASES)
