"""The errors that a user can meet, each with the exit code of the command that met it.

A message is one line: what was given, what is allowed, what to do. To add an error, subclass the
one whose exit code fits; keep the constructor's single argument, so that it pickles across processes.
"""

import difflib
import errno
from collections.abc import Iterable


class HpcError(Exception):
    """Root of hpcraft's own errors; ``exit_code`` is what the command returns."""

    exit_code = 70


class GateError(HpcError):
    """A quality gate failed: the work is whole, its result is not good enough."""

    exit_code = 1


class ConfigError(HpcError, ValueError):
    """A recipe, flag or option is wrong, or the run folder is in use by another process."""

    exit_code = 2


class InputError(HpcError, ValueError):
    """An input is missing, empty, damaged or of another schema."""

    exit_code = 3


class DivergedError(InputError):
    """Training came to a number that is none; what it had learnt before is kept, and settings that its message names may be changed to go on."""


class UnreadableError(InputError):
    """A source whose preprocessor makes more of it than anybody could look at."""


class MachineError(HpcError, RuntimeError):
    """The machine lacks something; the message names it and the command that installs it."""

    exit_code = 4


class PartialError(HpcError, RuntimeError):
    """Some of the work is done and kept; running the same command again resumes it."""

    exit_code = 5


class Stopped(HpcError):  # noqa: N818 - someone stopped it, which is no error
    """SIGINT or SIGTERM arrived; what was finished is on disk."""

    exit_code = 130

    def __init__(self, message: str, *, exit_code: int = 130) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with the exit code, which is not among the positional arguments."""
        return (_stopped, (str(self), self.exit_code))


def _stopped(message: str, exit_code: int) -> Stopped:
    return Stopped(message, exit_code=exit_code)


_MEMORY = ("can't allocate memory", "Cannot allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "out of memory")
"""Words of memory that isn't there, in errors of no kind of their own; what crosses processes may lose its kind."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python's, the system's or a library's says that there is too little memory; ours have been told already."""
    if isinstance(error, HpcError):
        return False
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    return isinstance(error, OSError | RuntimeError) and any(words in str(error) for words in _MEMORY)


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of the system's or a library's says that there is no room on a disk; ours have been told already."""
    if isinstance(error, HpcError):
        return False
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(words in str(error) for words in ("No space left on device", "os error 28"))  # libraries in C++ and Rust keep no errno


def first_line(error: BaseException) -> str:
    """What an error says first, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def nearest(word: object, known: Iterable[str]) -> str:
    """For a message: ``, did you mean 'x'?`` when one of ``known`` is near ``word``, else nothing."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def printable(text: str) -> str:
    """``text`` without what would act on a terminal: a message may hold what a server said or what a member of an archive is called."""
    return "".join(c if c.isprintable() else "?" for c in text)
