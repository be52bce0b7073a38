import gzip
import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from emeter_web.assets import Assets


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """The files of the package, so that they can be changed."""
    root = tmp_path / "static"
    shutil.copytree(Assets().root, root)
    return Assets(root)


def link(client: FlaskClient, kind: str) -> str:
    found = re.search(rf'href="(/static/[^"]+\.{kind})"', client.get("/dev/components").text)
    assert found
    return found[1]


def test_the_one_style_sheet_is_kept_for_good(client: FlaskClient) -> None:
    answer = client.get(link(client, "css"))

    assert answer.content_type == "text/css; charset=utf-8"
    assert answer.cache_control.immutable
    assert answer.text.startswith("@layer reset, tokens, base, components, utilities;")
    assert ".x-37 { --x: 37%; }" in answer.text


def test_the_address_changes_with_any_file(assets: Assets) -> None:
    before = assets.version
    (assets.root / "js").mkdir(exist_ok=True)
    (assets.root / "js" / "new.js").write_text("export {}")

    assert Assets(assets.root).version != before
    (assets.root / "js" / "new.js").unlink()
    assert Assets(assets.root).version == before
    (assets.root / "css" / "tokens.css").write_text("@layer tokens {}")
    assert Assets(assets.root).version != before


def test_an_old_address_still_serves_but_is_not_kept(client: FlaskClient) -> None:
    answer = client.get("/static/000000000000/app.css")

    assert answer.status_code == 200
    assert answer.cache_control.no_cache


def test_what_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    address = link(client, "css")
    tag = client.get(address).headers["ETag"]

    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_nothing_but_static_files_is_served(client: FlaskClient) -> None:
    up = ("css/../../assets.py", "../assets.py", "%2e%2e/assets.py")
    for path in (*up, "vendor/.built", "css/tokens.css", "nothing.css", "x", "js/\0.js"):
        assert client.get(f"/static/000000000000/{path}").status_code == 404, path


def test_pages_and_styles_do_without_what_comes_from_npm(assets: Assets) -> None:
    shutil.rmtree(assets.root / "vendor", ignore_errors=True)
    without = Assets(assets.root)

    assert "u-wrap" not in without.styles.replace("uplot", "")
    assert not without.has("vendor/uPlot.iife.min.js")
    assert without.has("app.css")


def test_who_can_unpack_gets_it_packed(client: FlaskClient) -> None:
    address = link(client, "css")
    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "br, gzip"})

    assert packed.content_encoding == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < 15_000
    assert "Accept-Encoding" in packed.vary
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_the_icon_is_served(client: FlaskClient) -> None:
    answer = client.get(link(client, "svg"))

    assert answer.status_code == 200
    assert answer.mimetype == "image/svg+xml"
