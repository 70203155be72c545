"""The command line: light, the same today as yesterday, and one clear line for every mistake.

The flags of all commands are frozen in ``tests/golden/flags.txt``. A change that is meant is recorded by
``.venv/bin/python tests/test_cli.py > tests/golden/flags.txt``.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from hpcraft import cli
from hpcraft.command import Command
from hpcraft.errors import ConfigError, GateError, HpcError, InputError, MachineError, PartialError, Stopped

Run = Callable[..., "subprocess.CompletedProcess[str]"]

HEAVY = ("torch", "transformers", "datasets", "pyarrow", "plotly", "accelerate", "peft", "tokenizers", "matplotlib", "pandas", "polars")
LIGHT_HELP = (*HEAVY, "numpy", "pydantic", "yaml", "rich", "jinja2", "tree_sitter", "asyncio")


@pytest.fixture(autouse=True)
def _keep_signal_handler() -> Iterator[None]:
    """The command installs a handler for SIGTERM; the test process keeps its own."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    parser = cli._parser(name.split())
    for word in name.split():
        actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        parser = actions[0].choices[word]
    return parser


def flags_of(name: str) -> list[str]:
    """A command's flags and arguments, one line each; the settings of a stage with their defaults."""
    lines = []
    for action in parser_of(name)._actions:
        words = ", ".join(action.option_strings) or action.dest
        takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
        lines.append(f"  {words}{takes}{' (required)' if action.required and action.option_strings else ''}")
    return sorted(lines)


def all_flags() -> str:
    """The golden text."""
    return "".join(f"{name}\n" + "".join(f"{line}\n" for line in flags_of(name)) for name in cli.COMMANDS)


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running ``code``."""
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_is_light() -> None:
    """``hpcraft --help`` imports the standard library alone (how long it takes is measured by benchmarks/help_time.py)."""
    found = imported_by("import hpcraft.cli; hpcraft.cli.main(['--help'])")
    assert found.isdisjoint(LIGHT_HELP)
    assert {name.split(".")[0] for name in found} >= {"hpcraft", "argparse"}
    assert not any(name.startswith("hpcraft.") and name.count(".") > 1 for name in found), "a room was imported"


def test_commands_import_nothing_heavy(root: Path) -> None:
    """Importing every command module, as help and usage errors do, brings no heavy library and no top-level ``data`` or ``eval``."""
    modules = sorted({module for module, _ in cli.COMMANDS.values()})
    found = imported_by(f"import {', '.join(modules)}")
    assert found.isdisjoint(HEAVY), found & set(HEAVY)
    assert found.isdisjoint({"data", "eval", "train", "sandbox"})


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command of the table has a function, a summary, help for every flag, and an example that its own parser takes."""
    command = import_module(cli.COMMANDS[name][0]).COMMAND
    assert isinstance(command, Command)
    assert command.summary
    assert cli.COMMANDS[name][1]
    for action in parser_of(name)._actions:
        assert action.help, f"hpcraft {name} {action.option_strings or action.dest} has no help"
    example = shlex.split(command.example)
    assert example[: 1 + len(name.split())] == ["hpcraft", *name.split()]
    assert cli._parser(example[1:]).parse_args(example[1:]).command_name == name
    with pytest.raises(SystemExit) as caught:
        cli.main([*name.split(), "--help"])
    assert caught.value.code == 0
    assert f"example: {command.example}" in capsys.readouterr().out


def test_flags_are_frozen(root: Path) -> None:
    """No flag comes or goes unnoticed; see this module's docstring for a change that is meant."""
    assert all_flags() == (root / "tests" / "golden" / "flags.txt").read_text()


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help shows each command or its group, and the exit codes."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    for name, (_, summary) in cli.COMMANDS.items():
        group = name.partition(" ")[0]
        assert f"    {group}" in shown
        if group == name:
            assert summary.split()[0] in shown
    assert "exit codes: 0 done" in shown


@pytest.mark.parametrize(
    "words",
    [[], ["frobnicate"], ["eval"], ["mine"], ["mine", "--sources"], ["run", "x.yaml", "--no-such-flag"], ["run", "x.yaml", "--dry"]],
)
def test_usage_error_is_one_line(words: list[str], hpcraft: Run) -> None:
    """A missing or unknown word and an abbreviated flag end with exit code 2 and one line that says where help is."""
    done = hpcraft(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("hpcraft: ")
    assert "--help`" in done.stderr


@pytest.mark.parametrize("seed", [-1, 2**32])
@pytest.mark.parametrize("words", [["doctor"], ["pretrain", "--corpus", "x", "-o", "y"], ["eval", "audit", "kernels", "-o", "y"]])
def test_a_seed_that_nothing_can_begin_with_is_refused(seed: int, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before a command begins, whatever the command."""
    assert cli.main([*words, "--seed", str(seed)]) == 2
    assert capsys.readouterr().err == f"hpcraft: --seed: expected a whole number from 0 to 4294967295 (got {seed})\n"


def test_version(hpcraft: Run) -> None:
    """``--version`` names the program and its version."""
    assert hpcraft("--version").stdout.startswith("hpcraft 0.")


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (GateError("a"), 1, "hpcraft: a"),
        (ConfigError("a\n b"), 2, "hpcraft: a b"),
        (InputError("a"), 3, "hpcraft: a"),
        (MachineError("a"), 4, "hpcraft: a"),
        (PartialError("a"), 5, "hpcraft: a"),
        (HpcError("a"), 70, "hpcraft: a"),
        (Stopped("a", exit_code=143), 143, "hpcraft: a"),
        (KeyboardInterrupt(), 130, "hpcraft: stopped"),
        (OSError(28, "No space left on device", "x"), 4, "hpcraft: x: No space left on device; free some space"),
        (OSError(30, "Read-only file system", "x"), 4, "hpcraft: x: Read-only file system; give an output folder"),
        (OSError(12, "Cannot allocate memory"), 4, "hpcraft: Cannot allocate memory; free some memory"),
        (MemoryError(), 4, "hpcraft: out of memory; free some memory"),
        (OSError(21, "Is a directory", "x"), 3, "hpcraft: x: Is a directory"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), 4, "hpcraft: No space left on device; free some space"),
        (ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"), 4, "pip install 'hpcraft[train]'"),
        (ModuleNotFoundError("No module named 'submitit'", name="submitit"), 4, "pip install 'hpcraft[slurm]'"),
    ],
)
def test_exit_codes(
    error: BaseException, exit_code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each kind of error has its exit code and is one line, whatever its message holds."""

    def fail(_args: argparse.Namespace) -> int:
        raise error

    command = Command(summary="", example="", add_arguments=lambda _parser: None, main=fail)
    monkeypatch.setattr(cli, "_load", lambda _name: command)
    assert cli.main(["doctor"]) == exit_code
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("error", [KeyError("x"), ModuleNotFoundError("No module named 'hpcraft.x'", name="hpcraft.x"), OSError(5, "I/O")])
def test_a_bug_shows_itself(error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error that nobody foresaw has exit code 70, its traceback, and a request to report it."""

    def fail(_args: argparse.Namespace) -> int:
        raise error

    command = Command(summary="", example="", add_arguments=lambda _parser: None, main=fail)
    monkeypatch.setattr(cli, "_load", lambda _name: command)
    assert cli.main(["doctor"]) == 70
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert shown.splitlines()[-1] == "hpcraft: this is a bug in hpcraft; please report it with the lines above"


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    """``hpcraft ... | head`` ends quietly."""
    program = f"{shlex.quote(sys.executable)} -m hpcraft eval list --json 2>err | true; cat err; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "0\n"


def test_errors_pickle() -> None:
    """Errors cross processes with their message and exit code."""
    import pickle

    for error in (ConfigError("a"), Stopped("a", exit_code=143)):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.exit_code) == (type(error), "a", error.exit_code)


if __name__ == "__main__":
    sys.stdout.write(all_flags())
