"""The program `pdistill`: its subcommands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

import typer

from pdistill.cli import catalog, demo, doctor, evaluate, index, init, personas, plugins, search, tournament, train
from pdistill.cli.options import HELP_OPTIONS, Group, root
from pdistill.cli.session import ReaderGone, Session
from pdistill.errors import INTERRUPTED, PdistillError, UsageError

HELP = """Distil the taste of a vision-language model into a search engine for product pictures.

A teacher ranks small groups of pictures for personas; a student learns from it; its embeddings answer searches.

See it work: pdistill demo
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
for module in (init, catalog, personas, tournament, train, index, search, evaluate, demo, plugins, doctor):
    module.register(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code is returned. With PDISTILL_DEBUG=1 errors keep their traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Known before anything is parsed, so that a usage error is told as asked; after `--` all is data.
    session = Session(json="--json" in given[: given.index("--") if "--" in given else None])
    try:
        _run(session, given)
        sys.stdout.flush()
        sys.stderr.flush()
    except (ReaderGone, BrokenPipeError):
        _drop_output()
    return session.exit_code


def _run(session: Session, given: list[str]) -> None:
    try:
        code = typer.main.get_command(app).main(given, prog_name="pdistill", standalone_mode=False, obj=session)
        if code == INTERRUPTED:  # typer has turned a Ctrl-C into this
            session.interrupted()
        elif isinstance(code, int) and code:
            session.exit_code = code
    except PdistillError as error:
        if os.environ.get("PDISTILL_DEBUG"):
            traceback.print_exception(error)
        session.fail(error)
    except (typer.Abort, KeyboardInterrupt):
        session.interrupted()
    except SystemExit as stop:
        # A third-party command's own exit; or typer's, which replaces stdout when the reader of its help went away.
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":
            raise ReaderGone from stop
        session.exit_code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except (ReaderGone, BrokenPipeError):
        raise
    except Exception as error:
        if hasattr(error, "format_message"):  # typer's own usage errors have no public base class
            _usage(session, error)
        elif isinstance(error, OSError) and error.errno is not None and not os.environ.get("PDISTILL_DEBUG"):
            session.fail(_of_the_system(error))
        else:
            _bug(session, error)


def _usage(session: Session, error: Exception) -> None:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "pdistill"
    session.command = path.partition(" ")[2]
    if type(error).__name__ == "NoArgsIsHelpError":
        if session.json:
            session.fail(UsageError("A command is missing.", f"Try: {path} --help"))
        else:
            session.exit_code = UsageError.exit_code
            typer.echo(error, err=True)
        return
    message = error.format_message()  # type: ignore[attr-defined]
    if faults := getattr(error.__cause__, "errors", None):  # a value of the wrong type, in pydantic's words
        message = message.replace("Input should be", f"{faults()[0]['input']!r} should be").replace("Value error, ", "")
    session.fail(UsageError(message.partition(", unable to parse")[0].rstrip(".") + ".", f"Try: {path} --help"))


def _of_the_system(error: OSError) -> PdistillError:
    """What the operating system refused where no stage has words for it: paths, rights, disks."""
    place = f"{os.fspath(error.filename)!r}: " if isinstance(error.filename, str | os.PathLike) else ""
    return PdistillError(
        f"{place}{os.strerror(error.errno or 0)}.", "Check the path, its rights and the disk, then run it again."
    )


def _bug(session: Session, error: Exception) -> None:
    traceback.print_exception(error)
    message = f"This is a bug in pdistill or in a plugin: {type(error).__name__}: {error}"
    session.fail(PdistillError(message, "Please report it with the text above. What was done is kept."))


def _drop_output() -> None:
    """The reader of our output went away (`| head`): nothing more to say, nor when Python flushes at its end."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
            continue
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


SPIN = "10000"
"""How long OpenMP's threads wait busily for work. Its default is so long that torch is seven times slower as soon as
another process wants the same cores; this is as fast as the default on an idle machine."""


def run() -> None:
    """The console script."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an ASCII terminal shows what it cannot as \\xe9
    code = main()
    if code == INTERRUPTED:
        # Python would wait for threads that wait for a server; who presses Ctrl-C does not want to.
        os._exit(code)
    sys.exit(code)
