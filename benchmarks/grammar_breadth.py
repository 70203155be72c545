"""How well the grammar of kernels covers functions that people wrote.

Usage: python benchmarks/grammar_breadth.py DATA_DIR [--draws N]

DATA_DIR is a folder with ``pairs*.jsonl`` (fields ``c``, ``cuda``) or ``unit_tests*.jsonl`` (``cpp_code``, ``cuda_code``), or an output folder of
``hpcraft prepare``, of which C functions with loops are taken. Names and numbers are taken away first (`hpcraft.data.trees.normalised`, each
statement for itself). Given is the share of what occurs in the real functions that occurs in N drawn kernels, too: statements and loop heads, shapes of
whole bodies (kinds of statements and their nesting), runs of five lexemes, and paths of three node types in the syntax tree; for
each function its shares, and the most frequent forms that are missing.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tree_sitter import Node

from hpcraft.data.grammar import draw
from hpcraft.data.trees import functions, lexemes, normalised, parse, text_of, walk
from hpcraft.records import CodeUnit
from hpcraft.shards import read_rows

_MEASURES = ("statements", "shapes", "lexemes", "paths")
_BLOCKS = ("for_statement", "while_statement", "if_statement", "do_statement", "compound_statement", "else_clause")


def main() -> int:
    """Print the shares for C and, where there, for CUDA kernels."""
    arguments = argparse.ArgumentParser(description="share of the forms of real functions that drawn kernels have")
    arguments.add_argument("data", type=Path)
    arguments.add_argument("--draws", type=int, default=5000)
    arguments.add_argument("--seed", type=int, default=0)
    given = arguments.parse_args()
    real = list(_real(given.data))
    drawn = [draw(given.seed, number, targets=("cuda",)) for number in range(given.draws)]
    _report("C", [c for c, _ in real], (p.source for p in drawn), "c")
    kernels = [cuda for _, cuda in real if "__global__" in cuda]
    if kernels:
        _report("CUDA", kernels, (p.targets["cuda"].partition('extern "C"')[0] for p in drawn), "cuda")
    return 0


def _real(folder: Path) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            row = json.loads(line)
            c, cuda = (row[a] if a in row else row.get(b, "") for a, b in (("c", "cpp_code"), ("cuda", "cuda_code")))
            if c and c not in seen and not parse(c).has_error:
                seen.add(c)
                yield _joined(c), _joined(cuda)
    if list(folder.glob("functions*.parquet")):
        for unit in read_rows(folder, "functions", CodeUnit):
            if unit.language == "c" and "for" in unit.text and "[" in unit.text:
                yield unit.text, ""


def _joined(text: str) -> str:
    """Tokenised text with members and numbers put together."""
    return re.sub(r" \. (?=[xyz]\b)", ".", text)


def _report(title: str, real: list[str], drawn: Iterable[str], language: str) -> None:
    have: dict[str, set[str]] = {m: set() for m in _MEASURES}
    for code in drawn:
        for measure, forms in _forms(code, language).items():
            have[measure].update(forms)
    print(f"{title}: {len(real)} functions")
    for measure in _MEASURES:
        forms = [f for code in real for f in set(_forms(code, language)[measure])]
        whole = sum(set(_forms(code, language)[measure]) <= have[measure] for code in real)
        missing = Counter(f for f in forms if f not in have[measure])
        share = 1 - sum(missing.values()) / max(len(forms), 1)
        print(f"  {measure}: {share:.3f} of occurrences are drawn, {whole / max(len(real), 1):.3f} of functions wholly")
        for form, count in missing.most_common(25 if measure == "statements" else 8):
            sys.stdout.write(f"    {count:4d}  {form[:150]}\n")


def _forms(code: str, language: str) -> dict[str, list[str]]:
    root = parse(code, language)
    found: dict[str, list[str]] = {m: [] for m in _MEASURES}
    for function in functions(root):
        body = function.child_by_field_name("body")
        if body is None:
            continue
        found["statements"] += _statements(body)
        found["shapes"].append(_shape(body))
        words = lexemes(normalised(text_of(body)))
        found["lexemes"] += [" ".join(_local(words[i : i + 5])) for i in range(len(words) - 4)]
        found["paths"] += _paths(body)
    return found


def _local(words: list[str]) -> list[str]:
    """Names within a run numbered by their first use in it."""
    names: dict[str, str] = {}
    return [names.setdefault(w, f"v{len(names)}") if re.fullmatch(r"v\d+", w) else w for w in words]


def _statements(body: Node) -> Iterator[str]:
    for node in walk(body):
        if node.type in ("expression_statement", "declaration", "return_statement"):
            yield normalised(text_of(node))
        elif node.type in ("for_statement", "while_statement", "if_statement"):
            inner = node.child_by_field_name("body") or node.child_by_field_name("consequence")
            head = (node.text or b"")[: inner.start_byte - node.start_byte].decode() if inner else text_of(node)
            yield normalised(head)


def _shape(node: Node) -> str:
    """Kinds of statements and how they nest."""
    inside = [_shape(c) for c in node.named_children if c.type.endswith("_statement") or c.type in ("declaration", "else_clause")]
    kind = "" if node.type == "compound_statement" else node.type.removesuffix("_statement")
    return f"{kind}({' '.join(inside)})" if node.type in _BLOCKS and kind else " ".join(inside) if node.type in _BLOCKS else kind


def _paths(body: Node) -> Iterator[str]:
    for node in walk(body):
        parent = node.parent
        if node.is_named and parent is not None and parent.parent is not None:
            operator = node.child_by_field_name("operator")
            yield f"{parent.parent.type}>{parent.type}>{node.type}{text_of(operator)}"


if __name__ == "__main__":
    sys.exit(main())
