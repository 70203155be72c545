"""What models that aren't hpcraft's own are asked, in words: the texts that evaluation shows are those that fine-tuning teaches.

Every question has two forms. A model that continues texts gets code with a comment in front of it; one that converses gets a request. The
formats of hpcraft's own models are in `hpcraft.tokenizer.prompt`, that of lines to be put back in `hpcraft.tokenizer.insertions`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hpcraft.records import Pair

LANGUAGE_NAMES = {"c": "C", "cpp": "C++", "fortran": "Fortran", "python": "Python", "cuda": "CUDA C++"}
OPENMP = "Share the work between threads with OpenMP."
CUDA = "Do the work in CUDA kernels. All pointers are host memory: allocate, copy and launch here, and copy the result back."
SERIAL = "Use no parallel programming model."
TARGETS = {"openmp": ("C with OpenMP", OPENMP), "cuda": ("CUDA C++", CUDA)}
"""Target model of a pair to what its code is called, and how it works in parallel. Translators are taught and asked for these alone; `hpcraft pairs` can write others."""

HOLE = "<FILL_ME>"
"""Where the hole is, in a request."""
_HOLES = {
    "expression": "one expression",
    "statement": "one statement",
    "loop": "one loop, with its directives if it needs any",
    "function": "the statements in the body of the function",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A prompt, and the code that it ends with."""

    prompt: str
    stem: str


def teachable(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """The pairs whose target model translators are taught."""
    return (pair for pair in pairs if pair.target_model in TARGETS)


def translation_question(pair: Pair) -> Question:
    """The prompt that asks for the other side of a pair."""
    return Question(prompt=translation_prompt(pair.source, pair.signature, pair.target_model), stem="")


def translation_prompt(source: str, signature: str, target_model: str) -> str:
    """The same of sequential C, its prototype, and a key of `TARGETS`."""
    target, how = TARGETS[target_model]
    head = f'extern "C" {signature}' if target_model == "cuda" else signature
    what = f"Translate the sequential C below to {target}. {how} Keep the prototype of the entry point: {head}"
    return f"{block(what)}\n{source.strip()}\n\n/* The same in {target}: */\n"


def way_back_question(pair: Pair) -> Question:
    """The prompt that asks for the sequential side of a pair."""
    return Question(prompt=way_back_prompt(pair.target, pair.signature, pair.target_model), stem="")


def way_back_prompt(source: str, signature: str, source_model: str) -> str:
    """The same of code in a key of `TARGETS`, and the prototype of the C function that is wanted."""
    language = TARGETS[source_model][0]
    what = f"Translate the {language} below to sequential C. {SERIAL} Write this function: {signature}"
    return f"{block(what)}\n{source.strip()}\n\n/* The same in sequential C: */\n"


def completion_request(prompt: str, language: str, label: str) -> str:
    """A prompt that ends in code as a request: a model that was taught to converse doesn't know that code is to be continued.

    Args:
        prompt: the code, with a comment in front.
        language: what people call it.
        label: of the Markdown block.
    """
    needs = "imports" if label == "python" else "includes"
    return (
        f"Complete this {language} code. Answer with the whole of it in one Markdown code block: what it {needs} and the function with "
        f"exactly this signature, and no main program.\n\n```{label}\n{prompt.rstrip()}\n```\n"
    )


def hole_request(prefix: str, suffix: str, *, boundary: str, language: str, is_program: bool) -> str:
    """The request for what is missing between two parts of a text.

    Args:
        prefix: what stands before the hole.
        suffix: what stands behind it.
        boundary: a `hpcraft.data.holes.Boundary`.
        language: a `hpcraft.records.Language`.
        is_program: whether the text is a whole program.
    """
    return (
        f"This {LANGUAGE_NAMES[language]} {'program' if is_program else 'code'} has a hole at {HOLE}. Write what is missing there: "
        f"{_HOLES[boundary]}. Answer with that alone, in one Markdown code block, without the code around it."
        f"\n\n```{language}\n{prefix}{HOLE}{suffix.rstrip()}\n```\n"
    )


def fenced(code: str, label: str) -> str:
    """Code as an answer in one Markdown block."""
    return f"```{label}\n{code.strip(chr(10))}\n```"


def block(text: str) -> str:
    """A text as a comment of C."""
    # A pointer prototype in the text must not end the comment.
    lines = textwrap.wrap(text.replace("*/", "* /"), 100)
    return "/* " + "\n * ".join(lines) + " */\n"


def line_comment(text: str, mark: str) -> str:
    """A text as a comment of lines that each begin with ``mark``."""
    return "".join(f"{mark}{line}\n" for line in textwrap.wrap(text, 100))
