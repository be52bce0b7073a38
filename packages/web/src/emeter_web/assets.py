"""Static files under an address that changes with their content, so that browsers may keep them for good."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Flask, Response, abort, request, url_for

BUNDLE = "app.css"
_ROOT = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_YEAR_S = 31_536_000
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_SPACE = re.compile(r"\s+")

# Layers first, then components from small to large; where two rules weigh the same, the later one wins.
STYLES = (
    "tokens",
    "status",
    "reset",
    "base",
    "mark",
    "type",
    "shell",
    "shell_rail",
    "shell_phone",
    "head",
    "button",
    "field",
    "choice",
    "tabs",
    "tape",
    "bars",
    "list",
    "list_narrow",
    "bulk",
    "table",
    "facts",
    "panel",
    "chart",
    "fall",
    "ledger",
    "timeline",
    "float",
    "motion",
    "empty",
    "pager",
    "gate",
    "public",
    "wall",
    "dev",
    "utilities",
    "pages",
)


@dataclass(frozen=True)
class Assets:
    """The files below `root`, and the one style sheet made of those in `css/`; read when first asked for."""

    root: Path = _ROOT

    @cached_property
    def styles(self) -> str:
        """All style sheets, in order, without comments and indentation."""
        sheets = [(self.root / "css" / f"{name}.css").read_text(encoding="utf-8") for name in STYLES]
        chart = self.root / "vendor" / "uPlot.min.css"
        if chart.is_file():
            sheets.append(f"@layer base {{ {chart.read_text(encoding='utf-8')} }}")
        return _SPACE.sub(" ", _COMMENT.sub("", "".join([*sheets, positions()]))).strip()

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Every file that is served, by its path; nothing else can be asked for."""
        found = sorted(path for path in self.root.rglob("*") if path.suffix in _TYPES)
        found = [path for path in found if path.parent.name != "css"]
        read = {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found}
        return {BUNDLE: self.styles.encode()} | read

    @cached_property
    def packed(self) -> dict[str, bytes]:
        """The same, compressed."""
        return {path: gzip.compress(content, mtime=0) for path, content in self.files.items()}

    @cached_property
    def version(self) -> str:
        """A short hash of every file that is served."""
        digest = hashlib.sha256()
        for path, content in self.files.items():
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:12]

    def url(self, path: str) -> str:
        """Address a static file, as `static("js/main.js")` in a template."""
        return url_for("static", version=self.version, path=path)

    def has(self, path: str) -> bool:
        """Tell whether a file is there; those of `vendor/` may be missing."""
        return path in self.files


def positions() -> str:
    """Write a class for each percent of a width, for a page may not carry styles of its own."""
    classes = " ".join(f".x-{percent} {{ --x: {percent}%; }}" for percent in range(101))
    return f"@layer utilities {{ {classes} }}\n"


def register(app: Flask, assets: Assets | None = None) -> Assets:
    """Serve the static files, and let templates find them."""
    assets = assets or Assets()
    app.extensions["emeter_assets"] = assets
    app.jinja_env.globals.update(static=assets.url, has_static=assets.has)
    app.add_url_rule(
        "/static/<version>/<path:path>",
        "static",
        lambda version, path: _serve(assets, version, path),
    )
    return assets


def _serve(assets: Assets, version: str, path: str) -> Response:
    if path not in assets.files:
        abort(404)
    packed = request.accept_encodings.quality("gzip") > 0
    answer = Response((assets.packed if packed else assets.files)[path], mimetype=_TYPES[Path(path).suffix])
    answer.vary.add("Accept-Encoding")
    if packed:
        answer.content_encoding = "gzip"
    # A page from before an update still finds its files, but keeps nothing under the old address.
    is_current = version == assets.version
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable" if is_current else "no-cache"
    answer.set_etag(f"{assets.version}{'-gzip' if packed else ''}")
    answer.make_conditional(request)
    return answer
