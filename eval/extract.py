"""The code in what a model answered: out of Markdown and prose, or joined to the code that the prompt ended with.

Thinking is left out, as are blocks in other languages. Of several blocks the last one counts that defines the entry point (models
correct themselves downwards), with those that define what it uses. Code without a fence is cut out of the prose around it. An answer
that defines no entry point continues the code that the prompt ended with, up to the end of that function. A ``main`` is taken out, as the
judge has its own, unless it is what was asked for. Time is linear in the length of the answer, and an answer of more than `MOST_CHARACTERS` isn't read.

Not covered: code in several files, and prose between two halves of the same code without a fence around either.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from hpcraft.eval.code_scan import Function, blank, functions
from hpcraft.eval.completion import Infill
from hpcraft.eval.hole_answers import end_of_filling, fitted
from hpcraft.eval.perplexity import Text
from hpcraft.eval.task import Task
from hpcraft.sandbox.abi import Signature

MOST_CHARACTERS = 1 << 20
"""The longest hand-written solutions have a few thousand."""

_THINK = re.compile(r"<(think|thinking|reasoning)>|</(think|thinking|reasoning)>", re.IGNORECASE)
_FENCE = re.compile(r"(?P<before>.*?)(?P<fence>`{3,}+|~{3,}+)[ \t]*+(?P<info>[^`\n]*+)\Z")
_QUOTED = re.compile(r"[ \t]*+(?:(?:[-*+>]|\d{1,3}[.)])[ \t]++)?\Z")
"""What may stand before a fence on its line: blanks, and the mark of a list or a quotation."""
_MOST_FENCE_LINE = 300
_LANGUAGES = {
    **dict.fromkeys(("c", "h", "c99", "c11", "cpp", "c++", "cc", "cxx", "hpp", "cuda", "cuda-cpp", "cuda-c", "cu", "cuh", "c/c++"), "c"),
    **dict.fromkeys(
        ("fortran", "f90", "f95", "f03", "f08", "f", "for", "f77", "fortran90", "fortran-free-form", "fortranfreeform"), "fortran"
    ),
    **dict.fromkeys(("python", "py", "python3", "numba"), "python"),
    **dict.fromkeys(("sh", "bash", "shell", "console", "zsh", "shell-session", "terminal", "text", "txt", "plaintext", "output"), "none"),
    **dict.fromkeys(
        ("makefile", "make", "cmake", "json", "yaml", "toml", "ini", "diff", "patch", "markdown", "md", "latex", "math"), "none"
    ),
    **dict.fromkeys(("rust", "go", "java", "javascript", "js", "julia", "r", "matlab", "ruby", "opencl", "asm", "csv", "slurm"), "none"),
}
"""Word behind a fence to the language that its block is in; another word, or none, may be any."""

_C_LINE = re.compile(
    r"[ \t]*+(?:\#[ \t]*+(?:include|define|undef|pragma|ifdef|ifndef|if|elif|else|endif|line|error)\b"
    r"|using\b.*;|(?:const|unsigned|signed|long|short|double|float|int|char|bool|auto|size_t|std)\b.*[;{,]\s*+$|(?:public|private|protected)[ \t]*+:"
    r"|(?:extern|template|namespace|typedef|static|inline|struct|enum|union|class|constexpr|__\w++)\b.*[{;>)\"]"
    r"|[^.]*[;{}\\]\s*+$|[\s{}();,]*+$|[\w:<>*& \t]++\([^;]*,\s*+$|[\w:<>*&\[\] \t]++=\s*+$)"
)
_FORTRAN_LINE = re.compile(
    r"[ \t]*+(?:use\b[ \t,:]|implicit\b|contains\b|module\b|submodule\b|end\b|endmodule\b|(?:abstract[ \t]++)?interface\b|private\b|public\b"
    r"|(?:parameter|save|data|external|dimension|procedure|common)\b.*[(/:]|save[ \t]*+$"
    r"|(?:integer|real|logical|complex|character|type|double[ \t]precision)\b.*(?:::|function\b)|\#[ \t]*+\w"
    r"|(?:[\w()= ]{0,60}?[ ])??(?:subroutine|function)[ \t]++\w++[ \t]*+\()",
    re.IGNORECASE,
)
_PYTHON_LINE = re.compile(r"(?:import|from|def|class)\b|@\w|[A-Za-z_]\w*+[ \t]*+=[^=]")
_PYTHON_MAIN = re.compile(r"^if[ (]++__name__ *+== *+(['\"])__main__\1[ )]*+:[^\n]*+(?:\n(?:[ \t][^\n]*+|(?=\n|\Z)))*+", re.MULTILINE)
"""What a module does as a program: blank and indented lines belong to it."""
_LINE = {"fortran": _FORTRAN_LINE, "python": _PYTHON_LINE}
_STATEMENT_SIGNS = {"c": (";", "}"), "fortran": ("=", "call ", "end"), "python": ("=", "return", "(")}
"""One of which stands in any statement."""
_WORD = re.compile(r"[A-Za-z_]\w*+")
_DEFINED = re.compile(r"(?:\bstruct|\bclass|\benum|\bunion|#[ \t]*+define)[ \t]++(\w++)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracted:
    """What is compiled."""

    code: str
    """The whole translation unit; empty when the answer holds no code."""
    problem: str = ""
    """Why there is none, in words for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """A fenced part of an answer."""

    text: str
    language: str
    """A value of `_LANGUAGES`, empty where nothing is said."""
    closed: bool


def extract(task: Task, completion: str) -> Extracted:
    """The translation unit of an answer."""
    if len(completion) > MOST_CHARACTERS:
        return Extracted(code="", problem=f"the answer has {len(completion):,} characters, at most {MOST_CHARACTERS:,} are read")
    if isinstance(task.case, Text):
        return Extracted(code=completion)
    text = completion.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    text = _without_thinking(text)
    if isinstance(task.case, Infill):
        return _filling(task.case, text)
    name, language = _entry(task)
    blocks, outside = _fenced(text)
    usable = [b for b in blocks if b.language in ("", language) and b.text.strip()]
    defining = [i for i, b in enumerate(usable) if _definition(b.text, name, language)]
    if defining:
        code = _with_what_it_uses([b.text for b in usable], defining[-1], name, language)
    elif entry := _definition(outside, name, language):
        code = _trim(outside, entry, language)
    elif usable and not (_is_stray(usable) and _continues(task, outside)):
        code = _continue(task, "\n".join(b.text for b in usable))
    else:
        code = _continue(task, outside)
    code = code if name == "main" else _without_main(code, language)
    return Extracted(code=code, problem="" if code.strip() else "no code in the answer")


def end_of_answer(task: Task, text: str) -> int | None:
    """Where the function that the prompt asks for ends in an answer to it that isn't whole yet; none while it goes on."""
    if isinstance(task.case, Infill):
        return end_of_filling(task.case, text)
    name, language = _entry(task)
    found = []
    for before in dict.fromkeys((task.stem, "")):  # it continues the prompt, or begins anew
        whole = before + text
        for f in functions(whole, language):
            # A statement that ends a unit may go on, with a name, until its line has ended.
            settled = f.closed and (language != "fortran" or f.end < len(whole))
            if settled and f.name == name and f.depth == 0 and f.end > len(before):
                found.append(f.end - len(before))
    return min(found, default=None)


def _filling(case: Infill, text: str) -> Extracted:
    """What is put into a hole."""
    blocks, outside = _fenced(text)
    usable = [b.text for b in blocks if b.language in ("", "fortran" if case.language == "fortran" else "c") and b.text.strip()]
    code = fitted(case, usable[-1] if usable else outside)
    return Extracted(code=code, problem="" if code.strip() else "no code in the answer")


def _entry(task: Task) -> tuple[str, str]:
    """Name of the entry point, and the language as this module tells them apart."""
    name = Signature.parse(task.prototype).name
    if task.language == "fortran":
        return name.lower(), "fortran"
    return name, "python" if task.language == "python" else "c"


def _definition(text: str, name: str, language: str) -> Function | None:
    """The first definition of the entry point, also one that the text breaks off in; none behind the end of what the text continues."""
    found = [f for f in functions(text, language) if f.name == name]
    if found and found[0].depth < 0:
        return None
    return next((f for f in found if f.depth == 0 or language == "fortran"), None)


# ---------------------------------------------------------------- thinking and fences


def _without_thinking(text: str) -> str:
    """The answer after its last thought; nothing where a thought was never ended."""
    kept: list[str] = []
    at = depth = 0
    for match in _THINK.finditer(text):
        if match[1]:
            kept += [text[at : match.start()]] if depth == 0 else []
            depth += 1
        elif depth:
            depth -= 1
        else:
            kept.clear()  # the prompt had opened it
        at = match.end()
    return "".join(kept) + (text[at:] if depth == 0 else "")


def _fenced(text: str) -> tuple[list[_Block], str]:
    """The blocks of an answer, and what stands outside of them."""
    blocks: list[_Block] = []
    outside: list[str] = []
    inside: list[str] = []
    fence = info = indent = ""
    for line in text.split("\n"):
        match = _FENCE.match(line) if len(line) < _MOST_FENCE_LINE and ("```" in line or "~~~" in line) else None
        if match is None:
            (inside if fence else outside).append(line)
            continue
        before, said = match["before"], match["info"].strip()
        opens = not said or _word(said) in _LANGUAGES or bool(_QUOTED.match(before))
        if fence and match["fence"].startswith(fence) and not said:
            inside += [] if _QUOTED.match(before) else [before]
            blocks.append(_block(inside, info, indent, closed=True))
            fence, inside = "", []
        elif opens and (not fence or _word(said) in _LANGUAGES):
            if fence:  # the one before was never closed
                blocks.append(_block(inside, info, indent, closed=False))
            inside, fence, info = [], match["fence"], said
            indent = before if _QUOTED.match(before) else ""
            outside += [] if indent == before else [before]
        else:
            (inside if fence else outside).append(line)
    if fence:
        blocks.append(_block(inside, info, indent, closed=False))
    return blocks, "\n".join(outside)


def _word(info: str) -> str:
    """The language that a fence names."""
    return re.split(r"[\s,{:]", info.strip("{. ").lower(), maxsplit=1)[0]


def _block(lines: Sequence[str], info: str, indent: str, *, closed: bool) -> _Block:
    width = len(indent)
    text = "\n".join(line[width:] if not line[:width].strip(" \t>") else line for line in lines)
    return _Block(text=text + "\n" if lines else "", language=_LANGUAGES.get(_word(info), ""), closed=closed)


def _is_stray(blocks: Sequence[_Block]) -> bool:
    """Whether the only fence closes what was never opened: a prompt that ends in code is continued so."""
    return len(blocks) == 1 and not blocks[0].closed and not blocks[0].language


def _continues(task: Task, text: str) -> bool:
    return end_of_answer(task, text + "\n") is not None


def _with_what_it_uses(blocks: Sequence[str], chosen: int, name: str, language: str) -> str:
    """A block with those that define what it uses, in their order."""
    home: dict[str, int] = {}
    for i, text in enumerate(blocks):
        found = functions(text, language)
        if i != chosen and not any(f.name == name for f in found):
            home |= dict.fromkeys([*(f.name for f in found if f.name not in ("main", "program")), *_DEFINED.findall(text)], i)
    for own in (*(f.name for f in functions(blocks[chosen], language)), *_DEFINED.findall(blocks[chosen])):
        home.pop(own, None)
    taken, waiting = {chosen}, [chosen]
    while waiting and home:
        text = blank(blocks[waiting.pop()], language)
        for word in set(_WORD.findall(text.lower() if language == "fortran" else text)):
            if (i := home.get(word, chosen)) not in taken:
                taken.add(i)
                waiting.append(i)
    return "\n".join(blocks[i] for i in sorted(taken))


# ---------------------------------------------------------------- code without a fence


def _trim(text: str, entry: Function, language: str) -> str:
    """The entry point with the code around it, without the prose around that."""
    lines = text.split("\n")
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    code = _code_lines(text, starts, entry.name, language)
    first = bisect_right(starts, entry.begin) - 1
    last = bisect_right(starts, entry.end) - 1
    while first and code[first - 1]:
        first -= 1
    while last + 1 < len(lines) and code[last + 1]:
        last += 1
    return "\n".join(lines[first : last + 1]).strip("\n") + "\n"


def _code_lines(text: str, starts: Sequence[int], name: str, language: str) -> list[bool]:
    """Of each line whether it may be code: in a function, a comment, or of the form of code; the entry point again is not."""
    line_of = _LINE.get(language, _C_LINE)
    steps, again = [0] * (len(starts) + 1), [0] * (len(starts) + 1)  # how many functions begin on a line, less those that ended before
    met = False
    for f in functions(text, language):
        marks = again if f.name == name and met else steps
        met = met or f.name == name
        marks[bisect_right(starts, f.begin) - 1] += 1
        marks[bisect_right(starts, f.end)] -= 1
    lines = blank(text, language).split("\n")
    inside, repeated, open_lines = accumulate(steps), accumulate(again), _open_lines(lines)
    return [
        not second and (within > 0 or unfinished or not line.strip() or after.lstrip().startswith("{") or bool(line_of.match(line)))
        for line, after, within, second, unfinished in zip(lines, [*lines[1:], ""], inside, repeated, open_lines, strict=False)
    ]


def _open_lines(lines: Sequence[str]) -> Iterator[bool]:
    """Of each line whether it goes on with what another began: in brackets, behind a sign of continuation."""
    braces = others = 0
    goes_on = False
    for line in lines:
        directive = goes_on or line.lstrip().startswith("#")
        if not line.strip() and not braces:
            others = 0  # a bracket that prose never closes
        yield bool(braces or others or goes_on)
        goes_on = line.rstrip().endswith(("\\", "&")) and (directive or line.rstrip().endswith("&"))
        if not directive:
            braces = max(0, braces + line.count("{") - line.count("}"))
            others = max(0, others + line.count("(") + line.count("[") - line.count(")") - line.count("]"))


def _continue(task: Task, body: str) -> str:
    """The prompt's last code and the answer after it, up to the end of that function; nothing where the answer has no statement."""
    _, language = _entry(task)
    plain = blank(body, language)
    if not any(sign in plain for sign in _STATEMENT_SIGNS[language]):
        return ""
    end = end_of_answer(task, body + "\n")
    return task.stem + (body if end is None else body[:end] + "\n")


def _without_main(code: str, language: str) -> str:
    """Code without the program that calls it."""
    if language == "python":
        return _PYTHON_MAIN.sub("", code)
    name = "program" if language == "fortran" else "main"
    kept: list[str] = []
    at = 0
    for f in functions(code, language):
        if f.name == name and f.depth == 0:
            kept.append(code[at : f.begin])
            at = f.end
    return "".join(kept) + code[at:]
