from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import lock_filter
import pytest

Run = Callable[..., CompletedProcess[str]]

LOCK = """\
[[package]]
name = "one"
version = "1.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://files.example/a/one-1.0.tar.gz", hash = "sha256:aa", size = 3, upload-time = "2026" }
wheels = [
    { url = "https://files.example/b/one-1.0%2Blocal-any.whl", hash = "sha256:bb", size = 4 },
]

[[package]]
name = "ours"
version = "0.1.0"
source = { editable = "packages/ours" }

[package.metadata]
requires-dist = [
    { name = "one", specifier = ">=1", index = "https://index.example/simple" },
]

[package.metadata.requires-dev]
test = [{ name = "two" }]
"""
STRIPPED = """\
[[package]]
name = "one"
version = "1.0"
source = { registry = "index" }
sdist = { filename = "one-1.0.tar.gz", hash = "sha256:aa" }
wheels = [
    { filename = "one-1.0+local-any.whl", hash = "sha256:bb" },
]

[[package]]
name = "ours"
version = "0.1.0"
source = { editable = "packages/ours" }

[package.metadata]

[package.metadata.requires-dev]
test = [{ name = "two" }]
"""


def test_it_keeps_names_versions_and_hashes_and_no_address() -> None:
    assert lock_filter.clean(LOCK) == STRIPPED


def test_it_strips_a_list_of_requirements_on_one_line() -> None:
    assert lock_filter.clean('requires-dist = [{ name = "x", specifier = ">=1" }]\n[next]\n') == "[next]\n"


def test_the_lock_of_the_project_is_stripped_of_every_address_once_and_for_all(root: Path) -> None:
    whole = (root / "uv.lock").read_text(encoding="utf-8")
    stripped = lock_filter.clean(whole)
    assert "://" not in stripped
    assert lock_filter.clean(stripped) == stripped
    assert lock_filter.files(stripped) == lock_filter.files(whole)
    assert len(lock_filter.files(whole)) > 70


def test_uv_fills_the_lock_in_again_as_it_was(root: Path, repository: Path, run: Run) -> None:
    for project in root.glob("packages/*/pyproject.toml"):
        (repository / project.relative_to(root)).parent.mkdir(parents=True)
        (repository / project.relative_to(root)).write_bytes(project.read_bytes())
    lock = repository / "uv.lock"
    whole = lock.read_text(encoding="utf-8")
    lock.write_text(lock_filter.clean(whole), encoding="utf-8")
    done = run(root / ".tools/bin/uv", "lock", "--offline", cwd=repository)
    if done.returncode and "network was disabled" in done.stderr:
        pytest.skip("uv's cache does not hold the index")
    assert done.returncode == 0, done.stderr
    assert lock_filter.prune(lock.read_text(encoding="utf-8"), lock_filter.files(whole)) == whole


def test_git_stores_the_stripped_form_and_takes_the_whole_one_for_unchanged(
    repository: Path, run: Run
) -> None:
    whole = (repository / "uv.lock").read_text(encoding="utf-8")
    stored = run("git", "show", ":uv.lock", cwd=repository).stdout
    assert "://" in whole
    assert "://" not in stored
    (repository / "uv.lock").write_text(stored, encoding="utf-8")
    assert run("git", "diff", "--stat", cwd=repository).stdout == ""


def test_a_file_that_git_does_not_know_is_dropped() -> None:
    late = LOCK.replace(
        "wheels = [\n", 'wheels = [\n    { url = "https://x.example/late.whl", hash = "sha256:cc" },\n'
    )
    assert lock_filter.prune(late, lock_filter.files(STRIPPED)) == LOCK


def test_a_version_that_git_does_not_know_keeps_its_files() -> None:
    newer = LOCK.replace('version = "1.0"', 'version = "2.0"')
    assert lock_filter.prune(newer, lock_filter.files(STRIPPED)) == newer


def test_a_file_with_another_hash_is_refused() -> None:
    with pytest.raises(lock_filter.HashMismatchError, match=r"one-1\.0\.tar\.gz"):
        lock_filter.prune(LOCK.replace("sha256:aa", "sha256:ff"), lock_filter.files(STRIPPED))
