import os
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Run = Callable[..., CompletedProcess[str]]

# package, what it must not import, the contract that says so
FORBIDDEN = [
    ("emeter_storage", "emeter_core", "Imports run one way"),
    ("emeter_core", "emeter_web", "Imports run one way"),
    ("emeter_core", "emeter_checker", "Imports run one way"),
    ("emeter_web", "emeter_checker", "Imports run one way"),
    ("emeter_checker", "emeter_web", "Imports run one way"),
    ("emeter_core", "flask", "Only web knows Flask"),
    ("emeter_web", "rq", "Only checker knows RQ"),
    ("emeter_core", "alembic", "Only storage migrates"),
]


def test_imports_across_the_packages_are_found(root: Path, tmp_path: Path, run: Run) -> None:
    shutil.copy(root / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    sources = [
        shutil.copytree(path, tmp_path / path.relative_to(root), ignore=ignored)
        for path in root.glob("packages/*/src")
    ]
    assert len(sources) == 4
    for importer, imported, _ in FORBIDDEN:
        directory = next(source / importer for source in sources if (source / importer).exists())
        (directory / f"bad_{imported}.py").write_text(f"import {imported}\n")
    done = run("lint-imports", "--no-cache", cwd=tmp_path, PYTHONPATH=os.pathsep.join(map(str, sources)))
    assert done.returncode == 1
    findings = " ".join(done.stdout.split())
    for importer, imported, contract in FORBIDDEN:
        assert f"{importer}.bad_{imported} -> {imported}" in findings
        assert contract in findings.split("Broken contracts", 1)[1]
