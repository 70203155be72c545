"""One contender of `benchmarks/tokenizer_speed.py` in a process of its own: repeats its work when told, and says how long it took.

    python benchmarks/tokompiler_worker.py FILES.json tokompiler CHECKOUT | hpcraft TOKENIZER

Each line on stdin asks for one repetition over the files of some numbers (all of them by an empty list); each line on stdout answers with its
seconds. The first answer also says which files were not given up.

Tokompiler's own functions do its work, as its example calls them: `parse_tools.parse`, `convert_representation.generate_replaced`,
`lexicalization.lexicalize`, `Tokompiler.encode`. It was written for py-tree-sitter 0.20, which built its grammars into one shared library. The
module of that name that it finds here is a shim of two classes around today's py-tree-sitter and the grammar of C from its package: `Language`
takes the library's path and a language's name, `Parser` has `set_language`. Nothing of its code is changed or copied; what it
prints is dropped. With py-tree-sitter 0.20.4 and its own grammar of C it was as fast (1.00 MB/s, with the shim 1.05, on 1 MB of C).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

Stages = tuple[Callable[[str], str], Callable[[str], int]]
"""A text to the renamed one, and that to the number of its tokens; nothing where it was given up."""


def tokompiler(checkout: Path) -> Stages:
    """Rename, lexicalise and encode by Tokompiler's published code."""
    import tree_sitter

    class Language:
        """The language of a name, whatever library it was looked for in."""

        def __init__(self, _library: str, name: str) -> None:
            self.language = tree_sitter.Language(importlib.import_module(f"tree_sitter_{name}").language())

    class Parser:
        """A parser whose language is set afterwards."""

        def set_language(self, language: Language) -> None:
            parser = tree_sitter.Parser(language.language)
            self.parse = parser.parse

    shim: Any = types.ModuleType("tree_sitter")
    shim.Language, shim.Parser = Language, Parser
    sys.modules["tree_sitter"] = shim
    sys.path.insert(0, str(checkout / "src"))
    theirs = importlib.import_module("tokompiler")
    parse_tools = importlib.import_module("tokompiler.parse_tools")
    tokenizer = theirs.Tokompiler(str(checkout / "tokenizer_vocab" / "vocab.txt"))

    def renamed(text: str) -> str:
        return theirs.generate_replaced(parse_tools.parse(text, "c"))[0]

    def encoded(text: str) -> int:
        return len(tokenizer.encode(theirs.lexicalize(text, lang="c", replaced=True))[0]) if text else 0

    return renamed, encoded


def hpcraft(folder: Path) -> Stages:
    """Rename and encode by ours."""
    from hpcraft.tokenizer import bpe
    from hpcraft.tokenizer.rename import rename

    tokenizer = bpe.load(folder)
    return lambda text: rename(text, "c").text, lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def main() -> None:
    """Serve repetitions until stdin ends."""
    texts: list[str] = json.loads(Path(sys.argv[1]).read_text())
    rename, encode = {"tokompiler": tokompiler, "hpcraft": hpcraft}[sys.argv[2]](Path(sys.argv[3]))
    answers, told = sys.stdout, io.StringIO()
    for number, line in enumerate(sys.stdin):
        wanted = json.loads(line) or range(len(texts))
        begin, wall = time.process_time(), time.perf_counter()
        with contextlib.redirect_stdout(told):
            renamed = [rename(texts[i]) for i in wanted]
            between = time.process_time()
            counts = [encode(text) for text in renamed]
        seconds = {"renaming": between - begin, "processor": time.process_time() - begin, "wall": time.perf_counter() - wall}
        whole = [i for i, tokens in zip(wanted, counts, strict=True) if tokens]
        answers.write(json.dumps(seconds if number else {"whole": whole, **seconds}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
