"""Texts from templates: escaped where they are HTML, and never with a hole in them."""

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from emeter_core.mail.templates import render_text

FROM = "emeter_core.alerts"


def test_html_is_escaped_and_text_is_not() -> None:
    values = {"to": "<b>&", "settings": "http://x"}
    assert "<b>&" in render_text(FROM, "channel_test.txt", **values)
    html = render_text(FROM, "channel_test.html", **values)
    assert "<b>&" not in html
    assert "&lt;b&gt;&amp;" in html


def test_a_value_that_is_missing_is_a_bug_and_no_blank() -> None:
    with pytest.raises(UndefinedError, match="'to' is undefined"):
        render_text(FROM, "channel_test.txt", settings="http://x")


def test_a_text_that_is_not_there_is_a_bug() -> None:
    with pytest.raises(TemplateNotFound):
        render_text(FROM, "../render.py")


def test_a_text_ends_with_one_line_break() -> None:
    assert render_text(FROM, "channel_test.txt", to="x", settings="y").endswith("y\n")
