"""The program `pdistill`: its subcommands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

import typer

from pdistill.cli import catalog, demo, doctor, evaluate, index, init, personas, plugins, search, tournament, train
from pdistill.cli.options import HELP_OPTIONS, Group, root
from pdistill.cli.session import Session
from pdistill.errors import INTERRUPTED, PdistillError, UsageError

HELP = """Distil the taste of a vision-language model into a search engine for product pictures.

A teacher ranks small groups of pictures for personas; a student learns from it; its embeddings answer searches.

Start with: pdistill demo
"""

app = typer.Typer(
    name="pdistill",
    cls=Group,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
    callback=root,
)
for module in (init, catalog, personas, tournament, train, index, search, evaluate, plugins, doctor, demo):
    module.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code is returned. With PDISTILL_DEBUG=1 errors keep their traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    session = Session(json="--json" in given)
    command = typer.main.get_command(app)
    try:
        code = command.main(given, prog_name="pdistill", standalone_mode=False, obj=session)
        return code if isinstance(code, int) and code else session.exit_code
    except PdistillError as error:
        if os.environ.get("PDISTILL_DEBUG"):
            raise
        session.fail(error)
    except (typer.Abort, KeyboardInterrupt):
        session.exit_code = INTERRUPTED
        session.say("Interrupted. What was done is kept; run the same command again to go on.", "yellow")
    except typer.BadParameter as error:
        _usage(session, error)
    except BrokenPipeError:
        _close_stdout()
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own usage errors have no public base class
            _usage(session, error)
        elif isinstance(error, OSError) and error.errno == errno.ENOSPC:
            session.fail(
                PdistillError("The disk is full.", "Free some space and run the same command again: it goes on.")
            )
        else:
            _bug(session, error)
    return session.exit_code


def _usage(session: Session, error: BaseException) -> None:
    context = getattr(error, "ctx", None)
    hint = f"Try: {context.command_path} --help" if context is not None else "Try: pdistill --help"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    if not message:  # no arguments: the help was printed already
        session.exit_code = 2
        return
    session.fail(UsageError(message, hint))


def _bug(session: Session, error: Exception) -> None:
    if os.environ.get("PDISTILL_DEBUG") or not session.json:
        import traceback

        traceback.print_exception(error)
    message = f"This is a bug in pdistill: {type(error).__name__}: {error}"
    session.fail(PdistillError(message, "Please report it with the text above. What was done is kept."))


def _close_stdout() -> None:
    """The reader of our output went away (`| head`): nothing more to say."""
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


def run() -> None:
    """The console script."""
    sys.exit(main())
