"""All files of a program from CUDA to C++, with what they must know of each other, and a bound on the time that it may take.

Reading a text takes longer than its length where it is made for that, and it happens outside of any box. So what is long is read by
a process of its own, which is stopped when its time is over; what is short is done before that would matter.
"""

from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hpcraft.sandbox.cuda.refusals import Unsupported
from hpcraft.sandbox.cuda.translate import device_names, known_elsewhere, synonyms, translate
from hpcraft.sandbox.table import SUFFIXES

INCLUDE = Path(__file__).parent / "include"
_SHORT = 32_000
"""Characters of all files together."""
_SECONDS = 30.0
_ROOT = Path(__file__).resolve().parents[2]
_ALONE = "import sys; sys.path.insert(0, sys.argv[1]); from hpcraft.sandbox.cuda.program import alone; alone()"


def translate_program(texts: Mapping[str, str], chosen: list[str], *, nested: bool) -> dict[str, str] | tuple[str, Unsupported]:
    """The chosen files as C++, by their names, or the file and the construct that can't be emulated.

    Args:
        texts: every file of the program.
        chosen: those to translate.
        nested: whether kernels may launch kernels.
    """
    if sum(map(len, texts.values())) <= _SHORT:
        return _translate(texts, chosen, nested=nested)
    request = json.dumps({"texts": dict(texts), "chosen": chosen, "nested": nested})
    words = [sys.executable, "-I", "-c", _ALONE, str(_ROOT)]
    try:
        made = subprocess.run(words, input=request, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        longest = max(chosen, key=lambda name: len(texts[name]))
        return longest, Unsupported(construct=f"a text that takes over {_SECONDS:g} s to read", line=1)
    answer = json.loads(made.stdout)
    if "files" in answer:
        return {str(name): str(text) for name, text in answer["files"].items()}
    return str(answer["name"]), Unsupported(construct=str(answer["construct"]), line=int(answer["line"]))


def alone() -> None:
    """In the other process: a request on stdin, the answer on stdout."""
    made = _translate(**json.load(sys.stdin))
    answer = {"files": made} if isinstance(made, dict) else {"name": made[0], "construct": made[1].construct, "line": made[1].line}
    json.dump(answer, sys.stdout)


def _translate(texts: Mapping[str, str], chosen: list[str], *, nested: bool) -> dict[str, str] | tuple[str, Unsupported]:
    everything = list(texts.values())
    macros, shared_names = synonyms(everything), known_elsewhere(everything)
    names = device_names(everything, macros) | _of_headers()
    files: dict[str, str] = {}
    for name in chosen:
        part = Path(name).suffix not in SUFFIXES
        result = translate(texts[name], macros, part=part, shared_names=shared_names, device_names=names, nested=nested)
        if isinstance(result, Unsupported):
            return name, result
        files[name] = result
    return files


@functools.cache
def _of_headers() -> frozenset[str]:
    """Names that our headers use for functions: those of the device's library."""
    return frozenset(name for path in INCLUDE.rglob("*.h") for name in re.findall(r"\b([A-Za-z_]\w*)\s*[(,]", path.read_text()))
