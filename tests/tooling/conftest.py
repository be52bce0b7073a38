"""Helpers for the tests of our own tools: they run on copies, so that a check can be shown to fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The scripts are no package; tests import them by name.
sys.path.insert(0, str(ROOT / "scripts"))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def run() -> Run:
    """Runs a command with our tools first on the PATH and git without anybody's settings."""

    def run(
        *command: str | Path, cwd: Path, text: str | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, "PATH": path, **settings, **env},
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def repository(tmp_path: Path, run: Run) -> Path:
    """A git repository with our scripts, and a lock that was stripped on its way in."""
    here = tmp_path / "repository"
    here.mkdir()
    shutil.copytree(ROOT / "scripts", here / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".gitattributes", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, here)
    assert run("git", "init", "--quiet", cwd=here).returncode == 0
    assert (
        run("python", "-c", "import sync; sync.configure_filter()", cwd=here, PYTHONPATH="scripts").returncode
        == 0
    )
    assert run("git", "add", "--all", cwd=here).stderr == ""
    return here
