"""Suite ``fortran2cpp``: whole Fortran programs to C++, from the test files of a user's checkout of Fortran2Cpp or of its successor.

``--data DIR`` is a checkout, its folder ``data``, or a folder that holds checkouts. Files ``*test*.json`` hold dialogues (``id, messages``), ``*test*.jsonl``
pairs (``id, fortran_code, cpp_code``). A dialogue ends in a Fortran program that checks itself and its C++ translation, both in fenced blocks of
one answer; of a file that lists all beginnings of a dialogue one by one, as the published one does (118 rows, 20 programs), each
dialogue's longest counts. Programs that stand in several files are asked once. Training files are never opened.

A record is two tasks: ``program``, all of it, judged by what it prints, and ``functions``, where the pair can be cut: its procedures alone, judged
by the published ``main``, which is not shown.

Not covered: programs in several files, and what a dialogue said before its last pair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.code_scan import functions
from hpcraft.eval.fortran2cpp_functions import empty_answer
from hpcraft.eval.fortran2cpp_parts import Parts, cut
from hpcraft.eval.task import Task
from hpcraft.store import sha256_json
from hpcraft.tokenizer.requests import block

_BLOCK = re.compile(r"^```[ \t]*(\w*\+*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NAMES = {"fortran": "fortran", "f90": "fortran", "cpp": "cpp", "c++": "cpp"}
_DIRECTIVE = re.compile(r"^\s*!\$omp\b", re.IGNORECASE | re.MULTILINE)
_PRAGMA = re.compile(r"^\s*#\s*pragma\s+omp\b", re.MULTILINE)
_HEAD = "int main(void)"
_POINTER = b"version https://git-lfs"
"""How a file begins that stands for one that git keeps elsewhere."""
_NOTHING = "int main() {\n    return 0;\n}\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """A program and its published translation."""

    kind: Literal["program", "functions"] = "program"
    fortran: str
    cpp: str
    parts: Parts | None = None
    """Of functions."""
    problem: str
    """Why there is nothing to judge with; empty where there is."""

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        return sha256_json(asdict(self))


def fortran2cpp_tasks(folder: Path | None) -> list[Task]:
    """A task for each program of the test files.

    Raises:
        ConfigError: no folder was given.
        InputError: it holds no test files, or one that can't be read or is a pointer of Git LFS.
    """
    if folder is None:
        raise ConfigError("suite fortran2cpp reads your checkout of Fortran2Cpp; give it as --data DIR")
    paths = _files(folder)
    if not paths:
        raise InputError(f"{folder}: holds no data/*test*.json or *test*.jsonl; give your checkout of Fortran2Cpp as --data DIR")
    tasks: dict[str, Task] = {}
    seen: set[str] = set()
    for path in paths:
        for name, found in _pairs(path):
            plain = " ".join(found.fortran.split())
            if plain and plain in seen:
                continue
            seen.add(plain)
            for task in _tasks(f"fortran2cpp/{_label(path)}/{name}", found):
                if task.task_id in tasks:
                    raise InputError(f"{path}: id {name} is there twice; give each record its own")
                tasks[task.task_id] = task
    return list(tasks.values())


def _files(folder: Path) -> list[Path]:
    for pattern in ("data/*test*.json*", "*test*.json*", "*/data/*test*.json*"):
        found = sorted(p for p in folder.glob(pattern) if p.suffix in (".json", ".jsonl"))
        if pointers := [p for p in found if p.read_bytes()[: len(_POINTER)] == _POINTER]:
            # Half of a suite under its name would be another suite.
            names = ", ".join(str(p.relative_to(folder)) for p in pointers)
            raise InputError(
                f"{folder}: Git LFS holds the contents of {names}; run `git lfs pull` in the checkout, or remove what isn't to be asked"
            )
        if found:
            return found
    return []


def _label(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-").lower()


def _pairs(path: Path) -> Iterator[tuple[str, Translation]]:
    rows = list(_rows(path))
    if path.suffix == ".jsonl":
        for number, row in rows:
            yield str(row.get("id", number)), _checked(*(str(row.get(f) or "") for f in ("fortran_code", "cpp_code")))
        return
    longest: dict[str, list[object]] = {}
    for number, row in rows:
        messages = row.get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) and isinstance(m.get("content"), str) for m in messages):
            raise InputError(f"{path}: record {number}: no messages with content; check the checkout")
        name = str(row.get("id", number))
        if len(messages) > len(longest.get(name, [])):
            longest[name] = messages
    for name, messages in longest.items():
        yield name, _checked(*_last_pair(messages))


def _rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    text = path.read_text(encoding="utf-8", errors="replace")
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()] if path.suffix == ".jsonl" else [(1, text)]
    for number, part in numbered:
        where = f"{path}:{number}" if path.suffix == ".jsonl" else str(path)
        try:
            found = json.loads(part)
        except json.JSONDecodeError as error:
            raise InputError(f"{where}: not JSON ({error.msg}); check the checkout") from None
        rows = [found] if path.suffix == ".jsonl" else found
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError(f"{where}: expected {'an object' if path.suffix == '.jsonl' else 'a list of objects'}; check the checkout")
        for index, row in enumerate(rows):
            yield (number if path.suffix == ".jsonl" else index), row


def _last_pair(messages: list[object]) -> tuple[str, str]:
    """Fortran and C++ of the last answer that holds both; several blocks of a language are one program, if they hold one."""
    for message in reversed(messages):
        assert isinstance(message, dict)
        if message.get("role") != "assistant":
            continue
        found: dict[str, list[str]] = {"fortran": [], "cpp": []}
        for word, text in _BLOCK.findall(message["content"]):
            if language := _NAMES.get(word.lower()):
                found[language].append(text)
        if found["fortran"] and found["cpp"]:
            return _joined(found["fortran"], "fortran", "program"), _joined(found["cpp"], "c", "main")
    return "", ""


def _joined(blocks: list[str], language: str, start: str) -> str:
    """All blocks, or the last where several of them are programs."""
    whole = "\n".join(blocks)
    return blocks[-1] if sum(f.name == start and f.depth == 0 for f in functions(whole, language)) > 1 else whole


def _checked(fortran: str, cpp: str) -> Translation:
    problem = "" if fortran.strip() and cpp.strip() else "the record holds no pair of programs"
    return Translation(fortran=fortran, cpp=cpp, problem=problem)


def _tasks(name: str, pair: Translation) -> Iterator[Task]:
    yield _program(f"{name}/program", pair)
    parts = None if pair.problem else cut(pair.fortran, pair.cpp)
    if parts is not None:
        yield _functions(f"{name}/functions", replace(pair, kind="functions", parts=parts), parts)


def _program(name: str, pair: Translation) -> Task:
    parallel = bool(_DIRECTIVE.search(pair.fortran) and _PRAGMA.search(pair.cpp))
    what = (
        f"Translate the Fortran program below to one C++ program{' with OpenMP' if parallel else ''} that does the same work and prints the same: "
        "the same words and numbers in the same order, real numbers with at least 6 significant digits, and ends with the same exit code. "
        "Compute what is printed; don't write results down."
    )
    return Task(
        task_id=name,
        prompt=f"{block(what)}\n{pair.fortran.strip()}\n\n/* The same in C++: */\n",
        stem="",
        language="cpp",
        model="openmp" if parallel else "serial",
        level="run",
        group="program",
        prototype=_HEAD,
        # Records without a pair are asked all the same, and told as unsupported.
        reference=pair.cpp or _NOTHING,
        case=pair,
        empty=_NOTHING,
    )


def _functions(name: str, pair: Translation, parts: Parts) -> Task:
    many = len(parts.names) > 1
    what = (
        f"Translate the Fortran below to C++: write the function{'s' * many} whose prototype{'s' * many} stand{'' if many else 's'} under it, with all that "
        f"{'they need' if many else 'it needs'}, and no main. Most headers of the standard library are included."
    )
    heads = "".join(f"{head};\n" for head in parts.prototypes)
    return Task(
        task_id=name,
        prompt=f"{block(what)}\n{parts.fortran}\n{parts.includes}\n{parts.given}\n{heads}\n/* The same in C++: */\n",
        stem="",
        language="cpp",
        model="serial",
        level="run",
        group="functions",
        prototype=f"void {parts.names[0]}(void)",
        reference=parts.reference,
        case=pair,
        empty=empty_answer(parts),
    )
