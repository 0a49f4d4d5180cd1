"""Everything that can go wrong and that a user can mend, with its exit code.

The library raises these and never prints or exits; the command line turns them into one sentence and a way out.
"""

from __future__ import annotations


class PdistillError(Exception):
    """A failure that a user can act on.

    Args:
        message: what failed, with the value that made it fail.
        hint: what to do next, usually a command; empty where the message says it all.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(PdistillError):
    """A wrong option, a wrong value, or input that cannot be read as what it should be."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that nothing is registered under, or an id that is not in the project."""


class PluginError(PdistillError):
    """A plugin that cannot be loaded, breaks its contract, or lacks an extra."""

    exit_code = 3


class MissingArtifactError(PdistillError):
    """A stage was run before the stage that makes what it reads."""

    exit_code = 4


class ServiceError(PdistillError):
    """A teacher or another service cannot be reached."""

    exit_code = 6


class BudgetReached(PdistillError):
    """A limit on calls or money was reached, for instance a teacher's own; what was paid for is kept."""

    exit_code = 7


class StorageError(PdistillError):
    """The disk is full, the folder is read-only, or the project cannot be read."""

    exit_code = 1


class ImageError(PdistillError):
    """One picture that cannot be used: unreadable, too large, or missing. It costs only itself."""

    exit_code = 5


PARTIAL = 5
INTERRUPTED = 130
