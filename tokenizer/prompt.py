"""The text of tasks: the one place that knows how a function becomes a prompt, and an answer becomes code.

A prompt is a direction, the function in canonical names and layout with a marker before each line, and ``<|answer|>``. Answers
spell out what is new and point at what stays, so a small model needn't copy token by token, and can't garble what it points at.

OpenMP and MPI are written as edits: a marker, and the lines to be put before the marked one; ``<|cut|>`` behind a marker takes its line out.

    <|c2omp|><|0|>void f0(int v0,double*v1){<|1|>for(int v2=0;v2<v0;v2++)<|2|>v1[v2]=0;<|3|>}<|answer|>
    <|1|>#pragma omp parallel for⏎<|end|>

A CUDA kernel is written as edits, too, where that is shorter: ``<|x|>`` behind a marker lets the marked loop stride over all threads along x
(`hpcraft.tokenizer.strides`), and the head of the function becomes the kernel's by itself.

    <|c2cuda|><|0|>void f0(int v0,double*v1){<|1|>for(int v2=0;v2<v0;v2++)<|2|>v1[v2]=0;<|3|>}<|answer|>
    <|1|><|x|><|end|>

The C that CUDA is translated back to is written likewise. Its prompt begins with the head of the function that is wanted, in the names of the kernel where they
have the same spelling. That head takes the kernel's place, its parameters' names those of the kernel's where the types are the same, the host function is gone, and
guards and strides are loops, by rule (`hpcraft.tokenizer.sides`); an answer says what no rule knows. ``<|x|>``, ``<|y|>`` and ``<|z|>`` behind the marker
of another guard are the loops over what it lets through, in the order of its comparisons (`hpcraft.tokenizer.counted`).

    <|cuda2c|><|0|>void f0(int v0,float*v1){<|1|>__global__ void f0(float*v1,int v0){<|2|>int v2=threadIdx.x;<|3|>if(v2<v0)<|4|>v1[v2]=0;<|5|>}<|answer|>
    <|end|>

Other CUDA, and other C made of it, is written whole, and a marker stands for the line that it marks.

Tests are written one to a line in the notation of `hpcraft.sandbox.abi`, with array lengths as in `hpcraft.tokenizer.lengths`.
Not covered: sources in Fortran; edits behind the last marker of a long function.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import partial

from hpcraft.errors import ConfigError
from hpcraft.tokenizer.counted import counted, indices
from hpcraft.tokenizer.edits import CUT, MARKERS, NUM_MARKERS, Edited, apply_edits, num_lexemes, spelled, write_edits
from hpcraft.tokenizer.indent import indent
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lengths import evaluate, generalise
from hpcraft.tokenizer.rename import LETTERS, Renamed, rename, rename_like, restore_text
from hpcraft.tokenizer.sides import LITERAL, as_function, as_kernel, carries, entry_of, foreign_names, is_lone_kernel
from hpcraft.tokenizer.strides import AXES, settled, striding

PAD, END, TEXT = "<|pad|>", "<|end|>", "<|text|>"
ANSWER, TESTS, FILL = "<|answer|>", "<|tests|>", "<|fill|>"
DIRECTIONS: Mapping[str, str] = {"openmp": "<|c2omp|>", "cuda": "<|c2cuda|>", "mpi": "<|c2mpi|>"}
"""Target model to its direction token."""
BACK: Mapping[str, str] = {"cuda": "cuda2c", "openmp": "omp2c"}
"""Model of a source that is translated back to sequential C, to the name of that task."""
TASKS: Mapping[str, str] = {**DIRECTIONS, **{task: f"<|{task}|>" for task in BACK.values()}}
"""Task to its direction token: a target model, from C, or one of `BACK`."""
_MORE_DIRECTIONS = tuple(
    f"<|{direction}|>"
    for direction in (
        *("c2acc", "c2hip", "c2f", "omp2cuda", "omp2acc", "cuda2c", "cuda2omp", "cuda2hip", "acc2omp"),
        *("f2c", "f2omp", "f2acc", "f2mpi", "f2cuda", "mpi2c"),
    )
)
"""Directions that no task here has yet; they are in the vocabulary, because it can't grow under a trained model."""
FIM = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
"""Fill in the middle, by the names that editors' plug-ins and llama.cpp know."""

SPECIAL = (PAD, END, TEXT)
"""Tokens that end or pad a text and never stand inside one."""
CONTROL = (ANSWER, TESTS, FILL, CUT, *DIRECTIONS.values(), *_MORE_DIRECTIONS, *FIM, *MARKERS)
"""Tokens of the task format that every tokenizer has."""
LATER = ("<|omp2c|>", *AXES)
"""Tokens of the task format that tokenizers lack which were made before these were thought of; models with such a one can't be taught their tasks."""

_EDITED = frozenset({"openmp", "mpi", "omp2c", ""})
"""Tasks whose answers are edits; the empty one is a line to be put back."""
LANGUAGE_OF = {"openmp": "c", "cuda": "cuda", "mpi": "c", "cuda2c": "c", "omp2c": "c", "": "c"}
"""Task to the language of its answers."""
_SOURCE_LANGUAGE = {"cuda2c": "cuda"}
"""Task to the language of its sources, where that isn't C."""

_CONTROL = re.compile(r"<\|[a-z0-9_]+\|>")
_SOURCE_LETTERS = {new: letter for letter, new in LETTERS.items()}
_FEW = 32
"""Names that only the wanted head has are numbered at random below this."""
_MOST_OPEN = 4
"""So many lines at the end of a target may be braces that needn't be written."""
_LONG_LINE = 10
"""From this many characters on, a line that stands elsewhere in the source is pointed at; a lone brace is spelled out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """What a model is given, and what turns its answer back into code."""

    text: str
    first: int
    """Number of the first marker."""
    lines: Mapping[int, str]
    """Marker number to the line that it marks."""
    rest: tuple[str, ...]
    """Lines behind the last marker."""
    renamed: Renamed
    """The source in canonical names, before the layout was made canonical."""
    task: str
    """A key of `TASKS`; empty for a prompt that asks for tests or for a line."""


def build_translation(source: str, task: str, *, seed: int | None = None, head: str = "") -> Prompt:
    """The prompt that asks for the translation of ``source``.

    Args:
        source: a function and what it needs: C, but CUDA for ``cuda2c``.
        task: a key of `TASKS`.
        seed: number names and markers at random (an augmentation for training); None for use.
        head: prototype of the C function that is wanted of ``cuda2c``.

    Raises:
        ConfigError: no such task, or a head is missing or too many.
    """
    if task not in TASKS:
        raise ConfigError(f"task {task!r}: expected one of {', '.join(TASKS)}")
    if bool(head) != (task == "cuda2c"):
        raise ConfigError(f"task {task!r}: {'takes no head' if head else 'give the prototype of the C function that is wanted as head'}")
    return _build(source, TASKS[task], task, seed, head)


def build_tests(source: str, *, seed: int | None = None) -> Prompt:
    """The prompt that asks for test cases of the function ``source``."""
    return _build(source, TESTS, "", seed)


def build_fill(lines: Sequence[str], missing: int, *, seed: int | None = None) -> tuple[Prompt, str]:
    """A prompt that asks for the line ``missing`` of canonical code, and its answer: practice in editing for any code."""
    prompt = _mark([line for i, line in enumerate(lines) if i != missing], FILL, "", Renamed(text="", names={}, language="c"), seed)
    answer = write_edits(_edited(prompt), lines)
    assert answer is not None or missing >= len(prompt.lines)
    return prompt, (answer or "") + END


def write_translation(prompt: Prompt, target: str, *, strides: bool = False) -> str | None:
    """The answer that stands for ``target``: what a model is trained to write after ``prompt``.

    None when it can't be written, because an edit would stand behind the last marker. With ``strides``, which needs a tokenizer that has the tokens of
    `hpcraft.tokenizer.strides`, CUDA and the way back from it are written as edits where they are shorter.
    """
    language = LANGUAGE_OF[prompt.task]
    lines = canonical(rename_like(target, language, prompt.renamed).text, language).splitlines()
    if prompt.task in _EDITED:
        edits = write_edits(_edited(prompt), lines)
        return None if edits is None else edits + END
    whole = _write_whole(prompt, lines)
    edits = _rule_edits(prompt, lines) if strides and prompt.task in _RULES else None
    return edits + END if edits is not None and num_lexemes(edits) < num_lexemes(whole) else whole


def parse_translation(prompt: Prompt, answer: str) -> str:
    """The code that an answer stands for, with the names of the source, indented.

    A marker that marks nothing and control tokens out of place are dropped; what comes after the end isn't read. Blocks that an answer
    leaves open are closed at its end, but not of those tasks that are edits alone.
    """
    body = answer.partition(END)[0]
    if prompt.task in _EDITED:
        body = apply_edits(_edited(prompt), body)
    else:
        source = _RULES[prompt.task](prompt) if prompt.task in _RULES and _is_edits(body) else None
        body = settled(body) if prompt.task == "cuda" else body
        body = _closed(apply_edits(source, body) if source else spelled(body, prompt.lines))
    body = _CONTROL.sub("", body)
    return indent(restore_text(body, prompt.renamed.names, LANGUAGE_OF[prompt.task]))


def is_told_by_rule(prompt: Prompt) -> bool:
    """Whether a rule leaves nothing of a device in the C that is asked for, so that the empty answer stands for it.

    Names that nothing declares then are for the caller to look for.
    """
    if prompt.task != "cuda2c" or (source := _function(prompt)) is None:
        return False
    lines = (*prompt.lines.values(), *prompt.rest)
    if not is_lone_kernel(lines):
        return False
    if carries(source.lines):
        return False
    foreign = foreign_names(lines)
    words = set(re.findall(r"\w+", "\n".join(filter(None, source.lines))))
    return not any(line and _OF_DEVICE.search(line) for line in source.lines) and not foreign & words


def _closed(code: str) -> str:
    plain = LITERAL.sub("", code)
    return code + "}\n" * max(0, plain.count("{") - plain.count("}"))


def holds_control(text: str) -> bool:
    """Whether a text spells a control token, which the tokenizer would take for one."""
    return _CONTROL.search(text) is not None


def _is_edits(body: str) -> bool:
    """Whether an answer to a task that may be answered either way is made of edits: loops of another kind, lines that go, or none at all."""
    return not body.strip() or CUT in body or any(axis in body for axis in AXES)


def _edited(prompt: Prompt) -> Edited:
    """A source whose lines stand until they are edited."""
    return Edited(lines=(*prompt.lines.values(), *prompt.rest), first=prompt.first, num_marked=len(prompt.lines))


def _kernel(prompt: Prompt) -> Edited:
    """A function whose head is that of a kernel; its loops can stride."""
    return replace(_edited(prompt), lines=as_kernel((*prompt.lines.values(), *prompt.rest)), form=striding)


def _function(prompt: Prompt) -> Edited | None:
    """A kernel under the head of the function that is wanted, without its host function; what its threads do can be counted."""
    lines = as_function((*prompt.lines.values(), *prompt.rest))
    kinds = indices(prompt.lines.values())
    return replace(_edited(prompt), lines=lines, form=partial(counted, kinds=kinds)) if lines else None


_OF_DEVICE = re.compile(r"\b(?:threadIdx|blockIdx|blockDim|gridDim|warpSize|atomic\w+|__\w+)\b|<<<")
_RULES: Mapping[str, Callable[[Prompt], Edited | None]] = {"cuda": _kernel, "cuda2c": _function}
"""Tasks whose answers are written whole or, where a rule says most of the function, as edits of that."""


def _rule_edits(prompt: Prompt, target: Sequence[str]) -> str | None:
    """A target as edits of what a rule makes of the source, if they say it exactly."""
    source = _RULES[prompt.task](prompt)
    if source is None:
        return None
    # What a function includes doesn't hurt, and needn't be cut.
    included = [line for line in source.lines if line and line.startswith("#include") and line not in target]
    wanted = [*included, *target]
    # Blocks that are open at the end are closed by themselves.
    ends = range(len(wanted), max(0, len(wanted) - _MOST_OPEN), -1)
    written = (write_edits(source, wanted[:end]) for end in ends if "".join(wanted[end:]).strip("}") == "")
    said = [
        edits
        for edits in written
        if edits is not None and _is_edits(edits) and _closed(apply_edits(source, edits)).split() == " ".join(wanted).split()
    ]
    return min(said, key=num_lexemes, default=None)


def _write_whole(prompt: Prompt, lines: Sequence[str]) -> str:
    numbers = list(prompt.lines)
    source = [prompt.lines[n] for n in numbers]
    pointed: dict[int, int] = {}
    for block in SequenceMatcher(None, source, lines, autojunk=False).get_matching_blocks():
        pointed |= {block.b + k: numbers[block.a + k] for k in range(block.size)}
    return "".join(_point(line, pointed.get(i), prompt.lines) for i, line in enumerate(lines)) + END


def write_tests(prompt: Prompt, tests: Sequence[str]) -> str:
    """The answer that lists ``tests``, their array lengths as expressions of the scalars where that fits all of them."""
    names = _parameters(prompt)
    rows = [test.split() for test in tests]
    if names and all(len(row) == len(names) for row in rows):
        rows = generalise(rows, names)
    return "".join(" ".join(row) + "\n" for row in rows) + END


def parse_tests(prompt: Prompt, answer: str) -> tuple[str, ...]:
    """The test cases of an answer, each once, those that can't be for this function left out.

    Whether values fit their types is for `hpcraft.sandbox.abi` to say.
    """
    names = _parameters(prompt)
    rows = [line.split() for line in _CONTROL.sub("", answer.partition(END)[0]).splitlines()]
    found = (evaluate(row, names) for row in rows if row)
    return tuple(dict.fromkeys(" ".join(row) for row in found if row))


def _parameters(prompt: Prompt) -> list[str]:
    """Canonical names of the parameters of the last function that the prompt's source defines."""
    lines = list(prompt.lines.values())
    entry = entry_of(lines)
    inside = "" if entry is None else lines[entry].partition("(")[2].rpartition(")")[0]
    words = (re.findall(r"[A-Za-z_]\w*", part.partition("[")[0]) for part in inside.split(","))
    return [found[-1] for found in words if found and found != ["void"]]


def _build(source: str, direction: str, task: str, seed: int | None, head: str = "") -> Prompt:
    language = _SOURCE_LANGUAGE.get(task, "c")
    # Control tokens can't be smuggled in through the source: in C their text has no meaning outside comments and strings.
    renamed = rename(_CONTROL.sub("", source), language, seed=seed)
    lines = canonical(renamed.text, language).splitlines()
    if head:
        renamed, wanted = _with_head(renamed, head, seed)
        lines = [wanted, *lines]
    return _mark(lines, direction, task, renamed, seed)


def _with_head(renamed: Renamed, head: str, seed: int | None) -> tuple[Renamed, str]:
    """A source with the names that only the wanted head has, and the line that the wanted function begins with."""
    like = rename_like(f"{_CONTROL.sub('', head).rstrip(' ;')} {{}}", "c", renamed)
    rng = random.Random(f"{seed}head")
    names, fresh = dict(renamed.names), dict[str, str]()
    for name, spelling in like.names.items():
        if name not in names:
            letter = _SOURCE_LETTERS.get(name[0], name[0])
            pool = range(max(_FEW, len(names) + 1) if seed is not None else len(names) + 1)
            free = [n for n in (f"{letter}{number}" for number in pool) if n not in names and not re.search(rf"\b{n}\b", renamed.text)]
            fresh[name] = free[0] if seed is None else rng.choice(free)
            names[fresh[name]] = spelling
    text = re.sub(r"[A-Za-z_]\w*", lambda word: fresh.get(word[0], word[0]), like.text)
    return replace(renamed, names=names), canonical(text, "c").partition("{")[0] + "{"


def _mark(text: Sequence[str], direction: str, task: str, renamed: Renamed, seed: int | None) -> Prompt:
    start = 0
    if seed is not None and len(text) < NUM_MARKERS:
        rng = random.Random(f"{seed}markers")
        # Half of the time the numbers start elsewhere, so that markers which only long functions need are learnt from short ones.
        start = rng.randrange(NUM_MARKERS - len(text)) if rng.random() < 0.5 else 0
    lines = {start + i: line for i, line in enumerate(text[: NUM_MARKERS - start])}
    rest = tuple(text[len(lines) :])
    marked = "".join(MARKERS[n] + line for n, line in lines.items())
    return Prompt(
        text=f"{direction}{marked}{''.join(chr(10) + line for line in rest)}{ANSWER}",
        first=start,
        lines=lines,
        rest=rest,
        renamed=renamed,
        task=task,
    )


def _point(line: str, number: int | None, lines: Mapping[int, str]) -> str:
    """One line of an answer: a marker, new text before a marker, or the line itself."""
    if number is not None:
        return MARKERS[number]
    if len(line) >= _LONG_LINE:
        ends = [(len(text), -n) for n, text in lines.items() if len(text) >= _LONG_LINE and line.endswith(text)]
        if ends:
            length, negative = max(ends)
            return line[: len(line) - length] + MARKERS[-negative]
    return line + "\n"
