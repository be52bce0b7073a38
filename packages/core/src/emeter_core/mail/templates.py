"""The texts of mails, from templates that lie beside the code that fills them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def render_text(package: str, name: str, /, **values: object) -> str:
    """Fill the template `name` of the package's `texts`; what is missing raises, HTML is escaped.

    Escaped is what goes into files that end in `.html`; those find their layout in the `texts` of this
    package.
    """
    return _environment(package).get_template(name).render(values).strip() + "\n"


@cache
def _environment(package: str) -> Environment:
    # Here, for it is imported by all that knows of mails, and most of it never writes one.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape  # noqa: PLC0415

    return Environment(
        loader=ChoiceLoader([PackageLoader(package, "texts"), PackageLoader(__package__, "texts")]),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
