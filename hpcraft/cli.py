"""The ``hpcraft`` command: a table of commands, each imported only when it is called.

Standard library only, so that ``hpcraft --help`` is quick and works without any extra.
"""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from hpcraft import __version__
from hpcraft.command import check_seed
from hpcraft.errors import HpcError, InputError, MachineError, Stopped, is_disk_full, is_out_of_memory, printable
from hpcraft.progress import set_quiet

if TYPE_CHECKING:
    from hpcraft.command import Command

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("hpcraft.run", "run every stage of a recipe, resuming where it stopped"),
    "doctor": ("hpcraft.doctor", "say what this machine can build, run and isolate, and how to mend each no"),
    "mine": ("hpcraft.data.mine", "bring source code in, with its provenance"),
    "prepare": ("hpcraft.data.prepare", "clean, license, deduplicate and split the files into a corpus"),
    "inspect": ("hpcraft.data.inspect", "show what a data folder holds"),
    "pairs": ("hpcraft.data.pairs", "make verified pairs of sequential and parallel functions"),
    "tokenizer train": ("hpcraft.tokenizer.train", "train a tokenizer on a corpus"),
    "tokenizer inspect": ("hpcraft.tokenizer.inspect", "show how a file is cut into tokens and renamed"),
    "tokenizer rename": ("hpcraft.tokenizer.rename_command", "put canonical names for a program's own, reversibly"),
    "tokenizer restore": ("hpcraft.tokenizer.restore_command", "give a renamed text its own names back"),
    "tokenizer encode": ("hpcraft.tokenizer.encode", "print the token ids of a file"),
    "tokenizer decode": ("hpcraft.tokenizer.decode", "write the text that token ids stand for"),
    "pretrain": ("hpcraft.train.pretrain", "train a small model on the corpus"),
    "finetune": ("hpcraft.train.finetune", "teach a model to translate, to put directives or MPI calls back, or to complete"),
    "mutual": ("hpcraft.mutual", "let a translator and a tester teach each other"),
    "reinforce": ("hpcraft.reinforce", "train a translator on what the verifier thinks of its answers (GRPO)"),
    "eval list": ("hpcraft.eval.listing", "list suites and their tasks"),
    "eval benchmarks": ("hpcraft.eval.benchmarks", "write the texts of all suites, for prepare to keep out of the corpus"),
    "eval tasks": ("hpcraft.eval.hole_tasks", "take real programs apart for suite completion"),
    "eval generate": ("hpcraft.eval.generate", "let models answer the tasks of suites"),
    "eval choose": (
        "hpcraft.eval.choose",
        "of several answers to a translation task, take the one that holds on tests written on the spot",
    ),
    "eval judge": ("hpcraft.eval.judge", "build, run and check what models answered"),
    "eval run": ("hpcraft.eval.evaluate", "generate and judge in one go"),
    "eval audit": ("hpcraft.eval.audit", "show that a suite's tasks refuse bad answers and kill mutants of their references"),
    "eval compare": ("hpcraft.eval.compare", "compare the results of two models task by task"),
    "translate": ("hpcraft.eval.translate", "translate a C function to OpenMP or CUDA, and show what holds about each candidate"),
    "report": ("hpcraft.eval.report", "write the HTML report of a run"),
    "sandbox run": ("hpcraft.sandbox.run_command", "compile and run untrusted files"),
    "sandbox check": ("hpcraft.sandbox.check", "try the promises of the sandbox on this machine"),
    "leaderboard build": ("hpcraft.eval.leaderboard", "make a static leaderboard page from results folders"),
    "release": ("hpcraft.train.release", "write a Hub repository of a trained model"),
}
"""Command to the module that has it as ``COMMAND``, and its summary."""

GROUPS = {
    "tokenizer": "train and look at tokenizers",
    "eval": "judge models by compiling and running what they write",
    "sandbox": "compile and run untrusted code",
    "leaderboard": "compare models publicly",
}

EXIT_CODES = """\
exit codes: 0 done; 1 a quality gate failed; 2 usage; 3 bad input; 4 the machine lacks something;
5 partial, run again to resume; 70 a bug in hpcraft; 130, 143 stopped after saving."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        words = _joined(words)
        args = _parser(words).parse_args(words)
        set_quiet(args.quiet)
        check_seed(args.seed or 0, "--seed")  # of `run` the recipe's is checked, where none is given
        exit_code = _load(args.command_name).main(args)
        sys.stdout.flush()
        return exit_code
    except HpcError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("stopped; run the same command again to resume", 130)
    except BrokenPipeError:
        # The reader of our output left, as `head` does; not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in _MACHINE_ERRORS:
            path = f"{error.filename}: " if error.filename else ""
            return _fail(f"{path}{os.strerror(error.errno)}; {_MACHINE_ERRORS[error.errno]}", MachineError.exit_code)
        if error.errno in (errno.EISDIR, errno.ENOTDIR):
            return _fail(f"{error.filename}: {os.strerror(error.errno)}", InputError.exit_code)
        return _bug()
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            return _bug()
        return _fail(f"this needs {error.name}, which is not installed; pip install 'hpcraft[{extra}]'", MachineError.exit_code)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug of ours is shown whole and has its own code
        if is_disk_full(error):
            return _fail(f"{os.strerror(errno.ENOSPC)}; {_MACHINE_ERRORS[errno.ENOSPC]}", MachineError.exit_code)
        if is_out_of_memory(error):
            return _fail(f"out of memory; {_MACHINE_ERRORS[errno.ENOMEM]}", MachineError.exit_code)
        return _bug()


_EXTRAS = {
    "torch": "train",
    "transformers": "train",
    "accelerate": "train",
    "safetensors": "train",
    "huggingface_hub": "hub",
    "submitit": "slurm",
    "trl": "rl",
}
"""Package to the extra of ours that brings it."""


_MACHINE_ERRORS = {
    errno.ENOSPC: "free some space and run the same command again, it resumes",
    errno.EDQUOT: "the quota is used up; free some space and run the same command again, it resumes",
    errno.EROFS: "give an output folder on a file system that can be written",
    errno.EACCES: "give a folder that you may write",
    errno.EPERM: "give a folder that you may write",
    errno.ENOMEM: "free some memory, or raise the limit on it (ulimit -v, or that of the job)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
}


def _terminate(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped("terminated; what was finished is saved, run the same command again to resume", exit_code=143)


def _fail(message: str, exit_code: int) -> int:
    print(f"hpcraft: {printable(' '.join(message.split()))}", file=sys.stderr)
    return exit_code


def _bug() -> int:
    traceback.print_exc()
    return _fail("this is a bug in hpcraft; please report it with the lines above", 70)


def _load(name: str) -> Command:
    return cast("Command", import_module(COMMANDS[name][0]).COMMAND)


class _Parser(argparse.ArgumentParser):
    """Usage errors are one line that says where help is; flags are never abbreviated, so that a new one breaks no script."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hpcraft: {message}; see `{self.prog} --help`\n")


def _joined(words: list[str]) -> list[str]:
    """Flags of words tied to their values, which argparse would take for flags."""
    name = next((name for name in COMMANDS if words[: len(name.split())] == name.split()), None)
    flags = _load(name).word_flags if name else ()
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in flags:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="hpcraft", description="Mine HPC code, train small models on it, and prove what they write.", epilog=EXIT_CODES)
    parser.add_argument("--version", action="version", version=f"hpcraft {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    groups: dict[str, argparse._SubParsersAction[_Parser]] = {}
    for name, (_module, summary) in COMMANDS.items():
        group, _, leaf = name.rpartition(" ")
        if group and group not in groups:
            groups[group] = commands.add_parser(group, help=GROUPS[group], description=GROUPS[group]).add_subparsers(
                metavar="COMMAND", required=True
            )
        into = groups[group] if group else commands
        wanted = words[: len(name.split())] == name.split()
        command = _load(name) if wanted else None
        sub = into.add_parser(
            leaf,
            help=summary,
            description=summary,
            epilog=f"example: {command.example}" if command else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command:
            command.add_arguments(sub)
        _add_common(sub, name)
    return parser


def _add_common(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress, no notes, no result text")
    if not any("--seed" in action.option_strings for action in parser._actions):
        parser.add_argument("--seed", type=int, default=0, help="every command takes one; nothing in this one is random")
    parser.set_defaults(command_name=name)
