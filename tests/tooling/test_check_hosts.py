from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

# Written otherwise, or this file would be found.
INDEX = "pypi,org".replace(",", ".")
OPTION = "--index" + "-url"


def check(repository: Path, run: Run) -> CompletedProcess[str]:
    return run("python", "scripts/check_hosts.py", cwd=repository)


def test_our_own_files_pass(repository: Path, run: Run) -> None:
    done = check(repository, run)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("README.md", f"See https://{INDEX}/project/x."),
        ("requirements.txt", f"{OPTION} https://mirror.example/simple"),
        ("more.toml", 'url = "https://mirror.example/simple"'),
        (".npmrc", "registry=https://mirror.example/"),
        ("package-lock.json", '  "resolved": "https://mirror.example/x.tgz",'),
    ],
)
def test_a_tracked_file_that_names_an_index_fails(repository: Path, run: Run, name: str, line: str) -> None:
    (repository / name).write_text(f"first\n{line}\n")
    assert check(repository, run).returncode == 0, "it is not tracked yet"
    run("git", "add", "--all", cwd=repository)
    done = check(repository, run)
    assert done.returncode == 1
    assert f"{name}:2: names the host of a package index" in done.stderr


def test_an_address_that_is_no_index_passes(repository: Path, run: Run) -> None:
    (repository / "code.py").write_text('url = "http://127.0.0.1:8000/"\n')
    run("git", "add", "--all", cwd=repository)
    assert check(repository, run).returncode == 0


def test_a_whole_lock_in_git_fails(repository: Path, run: Run) -> None:
    run("git", "config", "filter.uv-lock.clean", "cat", cwd=repository)
    run("git", "add", "--renormalize", "uv.lock", cwd=repository)
    done = check(repository, run)
    assert done.returncode == 1
    assert "uv.lock:" in done.stderr


def test_another_hash_than_in_git_fails(repository: Path, run: Run) -> None:
    lock = repository / "uv.lock"
    lock.write_text(lock.read_text(encoding="utf-8").replace('hash = "sha256:', 'hash = "sha256:0', 1))
    done = check(repository, run)
    assert done.returncode == 1
    assert "is not the same here and in git" in done.stderr


def test_a_lock_that_is_not_tracked_fails(repository: Path, run: Run) -> None:
    run("git", "rm", "--cached", "--quiet", "uv.lock", cwd=repository)
    assert "not tracked" in check(repository, run).stderr
