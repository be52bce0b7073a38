"""What commands say of themselves, read from their source: to import all of them takes half a second."""

import ast
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path


def docstring_of(entry: EntryPoint) -> str:
    """The docstring of the function that an entry point names; empty where no source tells it."""
    source = _source_of(entry.module)
    if source is None:
        return ""
    functions = (node for node in ast.parse(source.read_bytes()).body if isinstance(node, ast.FunctionDef))
    return next((ast.get_docstring(each) or "" for each in functions if each.name == entry.attr), "")


def _source_of(module: str) -> Path | None:
    """The file of a module; found from its outermost package, for what lies between would be imported."""
    outermost, _, rest = module.partition(".")
    spec = find_spec(outermost)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], *rest.split(".")).with_suffix(".py")
    return path if path.is_file() else None
