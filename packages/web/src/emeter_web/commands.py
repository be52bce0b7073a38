"""`emeter web`: the pages and the API. Imported by `emeter up` for `WEB`, so it loads no web framework."""

import click

from emeter_core.supervisor.spec import ProcessSpec

SERVING = "Serving"

WEB = ProcessSpec(
    name="web", arguments=("web",), stop_order=10, stop_within=8, ready_word=SERVING, listens=True
)


@click.command()
def web() -> None:
    """Serve the pages and the API at HOST and PORT."""
    from emeter_core.settings import Settings  # noqa: PLC0415 - what `emeter up` and --help need not load
    from emeter_web.server import serve  # noqa: PLC0415 - the same

    serve(Settings.load(), ready=SERVING)
