"""The command line: ``scn``. What a command needs is imported when the command runs."""

from __future__ import annotations

import signal
import traceback
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from sc_run import __version__

if TYPE_CHECKING:
    from sc_core.contracts import OpenedRun

_ENTRY_POINT_GROUP = "sc.cli"
_EXIT_BAD_INPUT = 2
_EXIT_UNEXPECTED = 1


class _Failure(click.ClickException):
    """One line on standard error and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code  # type: ignore[misc]  # click means it to be set, and reads it of the instance


class _Commands(click.Group):
    """The built-in commands, and those that other distributions bring by the entry point group ``sc.cli``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_entry_points()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        entry_point = _entry_points().get(cmd_name)
        return None if entry_point is None else _placeholder(entry_point)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, _Placeholder):
            command = _load(command.entry_point)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise _Failure("stopped at once; the last checkpoint is kept", 128 + signal.SIGINT) from None
        except BrokenPipeError:
            raise  # click ends quietly where nobody reads the output any more
        except Exception as error:
            _fail(error, debug=bool(ctx.params["debug"]))


class _Placeholder(click.Command):
    """Stands for another distribution's command in the help, so that listing imports none."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self.entry_point = entry_point
        super().__init__(entry_point.name, short_help=f"From the distribution {_origin(entry_point)}.")


def _placeholder(entry_point: EntryPoint) -> click.Command:
    return _Placeholder(entry_point)


def _entry_points() -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points

    return {entry_point.name: entry_point for entry_point in entry_points(group=_ENTRY_POINT_GROUP)}


def _origin(entry_point: EntryPoint) -> str:
    return entry_point.dist.name if entry_point.dist is not None else entry_point.value


def _load(entry_point: EntryPoint) -> click.Command:
    from sc_core.errors import BrokenPlugin

    try:
        command = entry_point.load()
    except Exception as error:
        raise BrokenPlugin(
            f"the command {entry_point.name!r} of {_origin(entry_point)} ({entry_point.value}) "
            f"cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(command, click.Command):
        raise BrokenPlugin(
            f"the command {entry_point.name!r} of {_origin(entry_point)} ({entry_point.value}) "
            "is not a click command"
        )
    return command


def _fail(error: Exception, *, debug: bool) -> NoReturn:
    from sc_core.errors import SCError

    if debug:
        traceback.print_exc()
    signal_number = getattr(error, "signal_number", None)
    if signal_number is not None:
        raise _Failure(str(error), 128 + signal_number) from None
    if isinstance(error, SCError):
        raise _Failure(str(error), _EXIT_BAD_INPUT) from None
    hint = "" if debug else " (scn --debug shows the traceback)"
    raise _Failure(f"{type(error).__name__}: {error}{hint}", _EXIT_UNEXPECTED) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
@click.version_option(__version__, prog_name="scn", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context, debug: bool) -> None:
    """Train spiking networks with the installed learning algorithms."""
    context.obj = _open_run


def _open_run(folder: Path) -> OpenedRun:
    """Open a run; other distributions' commands find this function in their context."""
    from sc_run.opening import open_run

    return open_run(folder)


@main.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="The run's folder; runs/<name>-<number> unless given."
)
def train(config: Path, output: Path | None) -> None:
    """Train as the TOML file CONFIG says."""
    from sc_run.run import train as train_run

    train_run(config, output=output)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
def resume(run: Path) -> None:
    """Continue the interrupted run in the folder RUN."""
    from sc_run.run import resume as resume_run

    resume_run(run)


@main.group()
def plugins() -> None:
    """Show the installed plugins."""


@plugins.command("list")
@click.option("--kind", help="Only this kind: learner, scheduler, callback, plasticity or hdl.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", is_flag=True, help="Import every plugin; exit code 1 if one does not work.")
def list_plugins(kind: str | None, as_json: bool, check: bool) -> None:
    """List the installed plugins; none is imported unless --check is given."""
    from sc_run.plugin_listing import as_lines, plugin_records, to_json

    records = plugin_records(kind, check=check)
    click.echo(to_json(records) if as_json else "\n".join(as_lines(records)))
    if check and any(record.error for record in records):
        raise click.exceptions.Exit(_EXIT_UNEXPECTED)
