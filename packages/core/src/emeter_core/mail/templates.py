"""The texts of mails, from templates that lie beside the code that fills them."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def render_text(package: str, name: str, /, **values: object) -> str:
    """Fill the template `name` of the package's `texts`; what is missing raises, HTML is escaped.

    Escaped is what goes into files that end in `.html`.
    """
    return _environment(package).get_template(name).render(values).strip() + "\n"


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=PackageLoader(package, "texts"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
