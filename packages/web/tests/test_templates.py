"""What all templates and style sheets hold to."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask

import emeter_web
from emeter_web import assets
from emeter_web.icons import ICONS

HERE = Path(emeter_web.__file__).parent
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
SHEETS = sorted((HERE / "static" / "css").glob("*.css"))
# Found by scripts and tests, without a look of their own.
HOOKS = {"checks", "incidents"}


def name(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_has_neither_styles_nor_handlers_of_its_own(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text)
    assert not re.search(r"<style|javascript:", text)
    assert all("nonce" in script for script in re.findall(r"<script[^>]*>", text))


def test_templates_are_short_and_can_be_read(app: Flask) -> None:
    for path in TEMPLATES:
        assert len(path.read_text().splitlines()) <= 100, name(path)
        app.jinja_env.get_template(path.relative_to(HERE / "templates").as_posix())


@pytest.mark.parametrize("path", SHEETS, ids=name)
def test_a_style_sheet_is_short_and_in_the_bundle(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 100
    assert path.stem in assets.STYLES


@pytest.mark.parametrize("path", [path for path in SHEETS if path.stem != "tokens"], ids=name)
def test_colours_are_named_in_the_tokens_alone(path: Path) -> None:
    assert not re.search(r"#[0-9a-f]{3,8}\b|\b(?:oklch|rgba?|hsla?)\(", path.read_text())


def test_every_class_of_a_template_has_a_rule() -> None:
    defined = {found for path in SHEETS for found in re.findall(r"\.([a-z][\w-]*)", path.read_text())}
    # What an expression makes up is not looked at.
    made_up = r"{#.*?#}|{%.*?%}|[\w-]*{{.*?}}[\w-]*"
    plain = [re.sub(made_up, " ", path.read_text(), flags=re.DOTALL) for path in TEMPLATES]
    attributes = (each for text in plain for each in re.findall(r'class="([^"]*)"', text))
    used = {name for each in attributes for name in each.split()}

    assert used - defined - HOOKS == set()


def test_every_variable_of_a_style_sheet_is_set_somewhere() -> None:
    text = "".join(path.read_text() for path in SHEETS)
    used = set(re.findall(r"var\((--[\w-]+)\)", text))

    assert used - set(re.findall(r"(--[\w-]+)\s*:", text)) - {"--x", "--bg"} == set()


def test_the_page_of_components_shows_them_all_in_both_themes(client) -> None:
    page = client.page("/dev/components")
    shown = {each for tag in page.select("[class]") for each in tag["class"]}

    sides = page.select(".dev-side")
    assert {side["data-theme"] for side in sides} == {"light", "dark"}
    assert len(sides) == 2 * len(page.select("section.section > .dev-pair"))
    assert {
        *(
            "btn",
            "field",
            "check",
            "switch",
            "seg",
            "kinds",
            "status",
            "badge",
            "tag",
            "tabs",
            "list",
            "table",
        ),
        *("facts", "pairs", "panel", "notice", "tape", "bars", "spark", "chart", "fall", "flow", "timeline"),
        *("menu", "pop", "dialog", "toast", "tip", "empty", "skeleton", "pager", "wall", "code", "bulk"),
    } <= shown


def test_a_page_draws_the_icons_that_it_uses_and_every_glyph(client) -> None:
    page = client.page("/users/log_in")
    drawn = {symbol["id"] for symbol in page.select("#sprite symbol")}

    assert {use["href"].removeprefix("#") for use in page.select("use")} <= drawn
    assert {"g-up", "g-down", "g-unreachable"} <= drawn
    assert len(drawn & {f"i-{name}" for name in ICONS}) < len(ICONS) / 2


def test_the_page_of_components_names_each_thing_once(client) -> None:
    page = client.page("/dev/components")
    ids = [tag["id"] for tag in page.select("[id]")]

    assert len(ids) == len(set(ids))
    described = {
        each for tag in page.select("[aria-describedby]") for each in tag["aria-describedby"].split()
    }
    assert described <= set(ids)
    assert {tag["for"] for tag in page.select("label[for]")} <= set(ids)


def test_a_field_stands_with_its_error_in_place_of_its_hint(client) -> None:
    wrong = client.page("/dev/components").select_one("[data-theme=light] [name$=timeout]")

    assert wrong is not None
    assert wrong["aria-invalid"] == "true"
    page: BeautifulSoup = client.page("/dev/components")
    assert "Longer than the interval" in page.find(id=wrong["aria-describedby"]).text  # type: ignore[union-attr]
    assert page.find(string="10 s where it is empty.").parent.has_attr("hidden")  # type: ignore[union-attr]
    assert not page.select("[autofocus]"), "a page to look at begins at its top"
