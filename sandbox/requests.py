"""What the sandbox refuses to be asked: names, words and numbers that no box could honour, each as one `ConfigError`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from hpcraft.errors import ConfigError
from hpcraft.sandbox import toolchains
from hpcraft.sandbox.outcome import CHECKS, COMPILERS, CUDA_LEVELS, LANGUAGES, MODELS, TIERS, Job, Limits, Run

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*(/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*")
_MANY_NAMES = 500
"""Each costs a mount, and bubblewrap takes few words."""
_LONG_WORD = 100_000
"""The kernel takes no longer ones."""
_BIGGEST = {"memory_mb": 1 << 24, "disk_mb": 1 << 24, "file_mb": 1 << 24, "output_bytes": 1 << 34, "processes": 1 << 20}


def check_job(job: Job) -> None:
    """Raise `ConfigError` for a job that can't be built as it is."""
    _check_names(job.files)
    _check_words("flag", job.flags)
    _check_limits(job.compile_limits)
    if job.prelude and (job.prelude not in job.files or Path(job.prelude).suffix in toolchains.SUFFIXES):
        raise ConfigError(f"the prelude {job.prelude!r} is not a header among the files {', '.join(job.files)}; name one that is")
    for what, value, allowed in (
        ("language", job.language, LANGUAGES),
        ("model", job.model, MODELS),
        ("compiler", job.compiler, COMPILERS),
        ("check", job.check, CHECKS),
        ("CUDA level", job.cuda, CUDA_LEVELS),
        ("isolation", job.min_isolation, TIERS),
        ("tier", job.tier or "none", TIERS),
    ):
        if value not in allowed:
            raise ConfigError(f"unknown {what} {value!r}; allowed: {', '.join(allowed)}")


def check_run(run: Run) -> None:
    """Raise `ConfigError` for a run that can't be made as it is."""
    for what, names in (("data files", run.data), ("files to collect", run.collect)):
        if len(names) > _MANY_NAMES:
            raise ConfigError(f"{len(names)} {what} are too many for a box; give at most {_MANY_NAMES}, such as one archive")
        _check_names(names)
    _check_words("argument", run.args)
    _check_limits(run.limits)
    if run.calls is not None:
        run.calls.check()
    for what, value in (("ranks", run.ranks), ("threads", run.threads)):
        if not 1 <= value <= 4096:
            raise ConfigError(f"cannot run with {what}={value}; give 1 to 4096")


def _check_names(names: Iterable[str]) -> None:
    """Names become paths in a box, and words for the program that makes it."""
    seen = list(names)
    folders = {str(parent) for name in seen for parent in PurePosixPath(name).parents}
    for name in seen:
        program = PurePosixPath(name).parts[:1] == (toolchains.PROGRAM,)
        if not _NAME.fullmatch(name) or ".." in PurePosixPath(name).parts or program or len(name) > 200:
            raise ConfigError(f"cannot use {name!r} as a file name in the box; use letters, digits and _ . + -, not {toolchains.PROGRAM!r}")
        if name in folders:
            raise ConfigError(f"cannot use {name!r} as a file and as a folder in the box; give one of them another name")


def _check_words(what: str, words: tuple[str, ...]) -> None:
    """Words travel as text that ends with a zero: one inside would make two of them, and push the last into an environment."""
    for word in words:
        if "\0" in word:
            raise ConfigError(f"cannot pass the {what} {word[:80]!r} on: it contains a zero byte; take that out")
        try:
            size = len(word.encode(errors="surrogateescape"))
        except UnicodeEncodeError:
            raise ConfigError(f"cannot pass the {what} {word[:80]!r} on: it is no text; give bytes through stdin or a file") from None
        if size > _LONG_WORD:
            raise ConfigError(f"cannot pass a {what} of {size} bytes on; give at most {_LONG_WORD}, and more through stdin or a file")


def _check_limits(limits: Limits) -> None:
    for what in ("wall_seconds", "cpu_seconds"):
        seconds = getattr(limits, what)
        if seconds is not None and not (math.isfinite(seconds) and 0 < seconds < 1e7):
            raise ConfigError(f"cannot limit {what} to {seconds}; give a number of seconds above 0 and below 10 million")
    for what, biggest in _BIGGEST.items():
        value = getattr(limits, what)
        if value is not None and not 1 <= value <= biggest:
            raise ConfigError(f"cannot limit {what} to {value}; give a whole number from 1 to {biggest}")
