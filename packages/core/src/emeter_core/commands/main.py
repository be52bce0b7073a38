"""The `emeter` command: finds its subcommands, and tells a person what went wrong in one clear line."""

import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points, version
from typing import NoReturn

import click

from emeter_core.commands.docstrings import docstring_of

_GROUP = "emeter.commands"
# As click itself has it.
_BROKEN_PIPE = 1
_INTERRUPTED = 130


@dataclass
class Options:
    """What was said to `emeter` itself, before the name of the subcommand."""

    debug: bool = False


class Subcommands(click.Group):
    """The commands that installed packages register, each imported only when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name them all without importing any."""
        return sorted(entry_points(group=_GROUP).names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Import the one that is wanted."""
        for entry in entry_points(group=_GROUP, name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Tell what there is without importing any."""
        told = {
            entry.name: click.Command(entry.name, help=docstring_of(entry))
            for entry in entry_points(group=_GROUP)
        }
        click.Group(commands=told).format_commands(ctx, formatter)


@click.command(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("emeter-core"), prog_name="E-Meter", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of a bug.")
@click.pass_obj
def emeter(options: Options, *, debug: bool) -> None:
    """E-Meter, the uptime monitor: it polls what you name and says so fast when something is not up."""
    options.debug = debug


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    try:
        sys.exit(run(sys.argv[1:]))
    finally:
        # At its exit Python looks through all objects for cycles, though the memory goes back as a whole: the
        # sender took 0.65 s for that, and 4 s beside busy neighbours, of 0.02 s that its end takes.
        gc.freeze()


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code, having told on stderr what went wrong."""
    options = Options()
    try:
        _require_text(arguments)
        code = emeter.main(list(arguments), prog_name="emeter", standalone_mode=False, obj=options)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return _BROKEN_PIPE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the one place where everything ends up
        return _fail(error, debug=options.debug)
    return code if isinstance(code, int) else 0


def _require_text(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text: nothing behind here could store or print them."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise click.UsageError(f"The argument {argument!a} is not valid UTF-8.") from None


def _fail(error: Exception, *, debug: bool) -> int:
    # Imported here: what goes well, `emeter check` above all, need not know how a database fails.
    from emeter_core.commands.failures import explain  # noqa: PLC0415 - see above

    failure = explain(error)
    for line in failure.lines:
        click.echo(click.style("Error: ", fg="red") + line, err=True)
    if failure.is_bug and debug:
        sys.excepthook(type(error), error, error.__traceback__)
    elif failure.is_bug:
        click.echo("Run it again as `emeter --debug ...` to see where, and tell us.", err=True)
    return failure.exit_code


def _forget_output() -> None:
    """Close the broken pipe here, or Python complains about it at its end."""
    try:
        sys.stdout.close()
    except BrokenPipeError:
        return


if __name__ == "__main__":
    main()
