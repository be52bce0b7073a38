"""What the next page tells: one slot per kind, `info` and `error`, as in Phoenix; the last one is told."""

from typing import Literal

from flask import flash, session


def put_flash(kind: Literal["info", "error"], text: str) -> None:
    """Have the next page that renders tell `text`, in the place of an earlier one of its kind."""
    session["_flashes"] = [each for each in session.get("_flashes", []) if each[0] != kind]
    flash(text, kind)
