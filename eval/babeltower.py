"""Suite ``babeltower``: C to CUDA and back, read from a folder of the user's in the formats of BabelTower and MuSL.

Every ``unit_tests*.jsonl`` of the folder (or of ``babeltower/`` in it) gives four tasks a line: ``cuda``, a kernel that the file's own launch
wrapper starts; ``cuda-own``, kernels and the host function that launches them; ``c``, the C function; ``openmp``, that function with OpenMP, of which the
file has no gold side. Every ``pairs*.jsonl`` gives
text alone: tasks ``cuda`` and ``c`` whose answers are only compiled. Pairs that stand among the unit tests are left out.

Nothing of such a file is shipped, and no prompt holds a test. Lines whose reference is undefined by the file's own word have the group ``undefined``.

Not covered: functions with other parameters than scalars and one-level pointers; they are told by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from hpcraft.data.trees import function_name, functions, lexemes, parse
from hpcraft.errors import ConfigError, InputError
from hpcraft.eval.lone_answers import head_of
from hpcraft.eval.task import Task, WayBack
from hpcraft.sandbox.abi import Signature
from hpcraft.store import sha256_json
from hpcraft.tokenizer.requests import block

Kind = Literal["cuda", "cuda-own", "c", "openmp"]

_TESTED = ("cpp_code", "cuda_code", "cuda_wrapper", "consistent_cpp_inputs")
_PAIRED = ("c", "cuda")
_CALLED = re.compile(r"\bwrapper\s*\(\s*([A-Za-z_]\w*)\s*[,)]")
_LAUNCHED = re.compile(r"\b([A-Za-z_]\w*)\s*(?:<[^<>]*>\s*)?<\s*<\s*<")
_NAME = re.compile(r"([A-Za-z_]\w*)\s*\(")
_GROUPS = {"cuda": "gold wrapper", "cuda-own": "own wrapper", "c": "C", "openmp": "OpenMP"}


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitTests:
    """What judges the answers to one line of a file: the gold sides, and the snippets that call them."""

    kind: Kind
    c_name: str
    c_code: str
    kernel: str
    cuda_code: str
    wrapper_name: str
    wrapper: str
    snippets: tuple[str, ...]
    problem: str
    """Why there is nothing to judge with, empty where there is."""
    launches: bool
    """The file's wrapper launches a kernel; one that does the work itself would pass an empty one."""
    undefined: bool
    """The file says that its own C function is undefined on these inputs."""

    @property
    def on_device(self) -> bool:
        """Whether CUDA is asked for."""
        return self.kind in ("cuda", "cuda-own")

    @property
    def digest(self) -> str:
        """A hash of all that decides the figures."""
        return sha256_json(asdict(self))

    @property
    def c_signature(self) -> Signature:
        """Of the C function."""
        return _signature(self.c_code, self.c_name)

    @property
    def wrapper_signature(self) -> Signature:
        """Of the host function that launches."""
        return _signature(self.wrapper, self.wrapper_name)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPair:
    """A pair without tests."""

    kind: Kind

    @property
    def digest(self) -> str:
        """Nothing but the task's own text decides."""
        return "text"


def babeltower_tasks(folder: Path | None) -> list[Task]:
    """The tasks of every file in the folder.

    Raises:
        ConfigError: no folder was given.
        InputError: it holds no such file, or a line of one can't be read.
    """
    if folder is None:
        raise ConfigError("suite babeltower reads a folder of yours; give it as --data DIR (unit_tests*.jsonl, pairs*.jsonl)")
    places = [p for p in (folder, folder / "babeltower") if any(p.glob("unit_tests*.jsonl")) or any(p.glob("pairs*.jsonl"))]
    if not places:
        raise InputError(f"{folder}: holds no unit_tests*.jsonl and no pairs*.jsonl; give the folder of BabelTower's files as --data DIR")
    tasks: dict[str, Task] = {}
    seen: set[str] = set()
    for path in sorted(places[0].glob("unit_tests*.jsonl")):
        for number, row in _rows(path, _TESTED):
            seen |= {_plain(row["cpp_code"]), _plain(row["cuda_code"])}
            _add(tasks, path, _tested(f"{_label(path, 'unit_tests')}{row.get('row', number)}", row, f"{path}:{number + 1}"))
    for path in sorted(places[0].glob("pairs*.jsonl")):
        for number, row in _rows(path, _PAIRED):
            if not {_plain(row["c"]), _plain(row["cuda"])} & seen:
                _add(tasks, path, _paired(f"{_label(path, 'pairs')}pair-{row.get('row', number)}", row, f"{path}:{number + 1}"))
    return list(tasks.values())


def _rows(path: Path, fields: tuple[str, ...]) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        try:
            row = json.loads(line) if line.strip() else None
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number + 1}: not JSON ({error.msg}); mend or remove the line") from None
        if row is None:
            continue
        if not isinstance(row, dict) or (missing := next((f for f in fields if not row.get(f)), "")):
            raise InputError(f"{path}:{number + 1}: no {missing if isinstance(row, dict) else 'object'}; a line holds {', '.join(fields)}")
        yield number, row


def _label(path: Path, stem: str) -> str:
    """``valid-`` for ``unit_tests.valid.jsonl``."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", path.name.removeprefix(stem).removesuffix(".jsonl")).strip("-")
    return f"{words}-" if words else ""


def _plain(code: object) -> str:
    return " ".join(lexemes(str(code)))


def _add(tasks: dict[str, Task], path: Path, made: list[Task]) -> None:
    for task in made:
        if task.task_id in tasks:
            raise InputError(f"{path}: task {task.task_id} is there already; give each line of the folder's files its own row")
        tasks[task.task_id] = task


# ---------------------------------------------------------------- tasks


def _tested(name: str, row: Mapping[str, object], where: str) -> list[Task]:
    c_code, cuda_code, wrapper = (str(row[f]) for f in ("cpp_code", "cuda_code", "cuda_wrapper"))
    inputs = row["consistent_cpp_inputs"]
    snippets = tuple(text for text in map(str, inputs if isinstance(inputs, list) else ()) if _CALLED.search(text))
    called, launched = _CALLED.search("\n".join(snippets)), _LAUNCHED.search(wrapper)
    problem = "" if called else "the file has no test of it"
    c_name, wrapper_name = called[1] if called else _last(c_code, where), _last(wrapper, where)
    problem = problem or _strange(c_code, c_name, where) or _strange(wrapper, wrapper_name, where)
    case = UnitTests(
        kind="cuda",
        c_name=c_name,
        c_code=c_code,
        kernel=launched[1] if launched else _last(cuda_code, where),
        cuda_code=cuda_code,
        wrapper_name=wrapper_name,
        wrapper=wrapper,
        snippets=snippets,
        problem=problem,
        launches=launched is not None,
        undefined=bool(row.get("undefined_behaviour", False)),
    )
    return [_tested_task(name, kind, case, where) for kind in ("cuda", "cuda-own", "c", "openmp")]


def _tested_task(name: str, kind: Kind, case: UnitTests, where: str) -> Task:
    kernel = f"__global__ {head_of(case.cuda_code, case.kernel, where)}"
    if kind == "c":
        gold, head, entry = case.c_code, head_of(case.c_code, case.c_name, where), case.c_name
        what = f"Translate the CUDA kernel below to a sequential C function, {head}, that does the work of the whole launch."
        source, empty = case.cuda_code, ""
    elif kind == "openmp":
        gold, head, entry = "", head_of(case.c_code, case.c_name, where), case.c_name
        what = f"Translate the C function below to C with OpenMP, {head}: threads share its work."
        source, empty = case.c_code, ""
    elif kind == "cuda":
        gold, head, entry = case.cuda_code, head_of(case.cuda_code, case.kernel, where), case.kernel
        launch = " ".join(case.wrapper.split())
        what = f"Translate the C function below to a CUDA kernel, {kernel}. This function launches it: {launch}"
        source, empty = case.c_code, f"{kernel} {{}}\n"
    else:
        gold, head, entry = f"{case.cuda_code}\n\n{case.wrapper}", head_of(case.wrapper, case.wrapper_name, where), case.wrapper_name
        what = (
            f"Translate the C function below to CUDA: kernels, and a host function, {head}, that allocates and copies device memory, "
            "launches the kernels and copies the results back. All its pointers are host memory."
        )
        source, empty = case.c_code, f"{head} {{}}\n"
    target, model = {"c": ("C", "serial"), "openmp": ("C with OpenMP", "openmp")}.get(kind, ("CUDA C++", "cuda"))
    return Task(
        task_id=f"babeltower/{name}/{kind}",
        prompt=f"{block(what)}\n{source.strip()}\n\n/* The same in {target}: */\n",
        stem="",
        language="cpp" if model == "cuda" else "c",
        model=model,
        level="emulate" if model == "cuda" else "run",
        group="undefined" if case.undefined else _GROUPS[kind],
        prototype=f"void {entry}(void)" if kind == "cuda" or case.problem else head,
        reference=gold,
        source="" if kind == "c" else case.c_code,
        back=WayBack(source=case.cuda_code, model="cuda", head=head) if kind == "c" else None,
        case=_of_kind(case, kind),
        empty=empty,
    )


def _of_kind(case: UnitTests, kind: Kind) -> UnitTests:
    return UnitTests(**{**asdict(case), "kind": kind, "snippets": case.snippets})


def _paired(name: str, row: Mapping[str, object], where: str) -> list[Task]:
    tasks = []
    for kind, (source, gold) in {"cuda": (row["c"], row["cuda"]), "c": (row["cuda"], row["c"])}.items():
        found = list(functions(parse(str(gold), "cuda")))
        # What is no function stays a task: its gold text doesn't compile, and it is told as unsupported.
        entry = function_name(found[-1]) if found else next(iter(_NAME.findall(str(gold))), "function")
        head = head_of(str(gold), entry, where) if found else f"{entry}"
        target = "CUDA: a kernel" if kind == "cuda" else "a sequential C function"
        tasks.append(
            Task(
                task_id=f"babeltower/{name}/{kind}",
                prompt=f"{block(f'Translate the code below to {target}, {head}.')}\n{str(source).strip()}\n\n",
                stem="",
                language="c" if kind == "c" else "cpp",
                model="serial" if kind == "c" else "cuda",
                level="compile",
                group="text only",
                prototype=f"void {entry}(void)",
                reference=str(gold),
                source="" if kind == "c" else str(source),
                back=WayBack(source=str(source), model="cuda", head=head) if kind == "c" and found else None,
                case=TextPair(kind="c" if kind == "c" else "cuda"),
                empty="int nothing;\n",
            )
        )
    return tasks


def _last(code: str, where: str) -> str:
    """The name of the last function in a piece of code."""
    found = list(functions(parse(code, "cuda")))
    if not found:
        raise InputError(f"{where}: no function in {code.strip()[:60]!r}; mend or remove the line")
    return function_name(found[-1])


def _signature(code: str, name: str) -> Signature:
    return Signature.parse(head_of(code, name, name))


def _strange(code: str, name: str, where: str) -> str:
    """Why a function can't be called from outside; empty where it can."""
    try:
        Signature.parse(head_of(code, name, where))
    except InputError as error:
        return str(error)
    return ""
