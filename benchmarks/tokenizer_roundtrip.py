"""Whether nothing is lost: every file of a mined or prepared folder renamed and restored, encoded and decoded, laid out twice.

    .venv/bin/python benchmarks/tokenizer_roundtrip.py MINED [PREPARED ..] [--tokenizer DIR] [--workers 2] [--limit N] [--language L]
        [--check NAME ..] [--json FILE]

Target: exact for every file of the mined corpus, all languages, also files with parse errors. Mined files are read raw (line ends, byte
order mark, odd bytes), those that ``prepare`` rejects too. What is checked of each file:

- ``rename``: the original comes back from the renamed text and the names alone, after these went through JSON
- ``seeded``: the same with random numbering
- ``layout``: the canonical layout of the canonical layout is itself
- ``encode``: the tokenizer gives the text back, and the renamed text (where ``--tokenizer`` is given)

A renaming that renames nothing restores trivially, so files of five words of code and more in which no name was found are counted apart.
Not covered: whether the renamed text means the same (`benchmarks/renamed_programs.py`).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizer_files import GROUPS, File, files, spread

from hpcraft.data.workers import Lost, ordered_map
from hpcraft.tokenizer import bpe, names
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lexer import lex
from hpcraft.tokenizer.rename import Renamed, rename, restore

if TYPE_CHECKING:
    from tokenizers import Tokenizer

CHECKS = ("rename", "seeded", "layout", "encode")
_FEW_WORDS = 5
_ITEM_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A file and how it is checked."""

    file: File
    seed: int
    tokenizer: str
    """Folder, or empty."""
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a file."""

    name: str
    group: str
    num_bytes: int
    num_names: int
    code: bool
    """Whether it has words enough that some must be the program's own."""
    failures: tuple[str, ...]
    """``CHECK: what is wrong``; empty when all is well."""


def check(item: Item) -> Result:
    """Check one file."""
    file, failures = item.file, []
    renamed: list[Renamed] = []

    def of_names(seed: int | None) -> str:
        renamed.append(rename(file.text, file.language, form=file.form, seed=seed))
        return difference(file.text, restore(through_json(renamed[-1])))

    def of_layout() -> str:
        once = canonical(file.text, file.language, form=file.form)
        return difference(once, canonical(once, file.language, form=file.form))

    def of_tokens() -> str:
        tokenizer = _tokenizer(item.tokenizer)
        return next(
            filter(None, (difference(text, there_and_back(tokenizer, text)) for text in (file.text, *(r.text for r in renamed)))), ""
        )

    checks: dict[str, Callable[[], str]] = {
        "rename": lambda: of_names(None),
        "seeded": lambda: of_names(item.seed),
        "layout": of_layout,
        "encode": of_tokens,
    }
    for name in item.checks:
        try:
            wrong = checks[name]()
        except Exception as error:  # noqa: BLE001 - any error is a failure of the file
            wrong = f"{type(error).__name__}: {error}"
        if wrong:
            failures.append(f"{name}: {wrong[:200]}")
    num_names = len(renamed[0].names) if renamed else 0
    code = bool(num_names) or sum(t.kind == "word" for t in lex(file.text, file.language)) >= _FEW_WORDS
    return Result(name=file.name, group=file.group, num_bytes=file.num_bytes, num_names=num_names, code=code, failures=tuple(failures))


def through_json(renamed: Renamed) -> Renamed:
    """The record as one gets it back from a file, so that it can hold nothing but what it says."""
    return names.renamed_with(renamed.text, names.from_json(json.loads(json.dumps(names.to_json(renamed, b""))), "names"))


def there_and_back(tokenizer: Tokenizer, text: str) -> str:
    """What decoding gives after encoding."""
    return tokenizer.decode(tokenizer.encode(text, add_special_tokens=False).ids, skip_special_tokens=False)


def difference(wanted: str, got: str) -> str:
    """Where two texts part, for people; empty for equal ones."""
    if wanted == got:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b), min(len(wanted), len(got)))
    return f"differs at character {at} of {len(wanted)}: {wanted[at : at + 30]!r} became {got[at : at + 30]!r}"


@lru_cache(maxsize=1)
def _tokenizer(folder: str) -> Tokenizer:
    return bpe.load(Path(folder))


def results(args: argparse.Namespace) -> Iterator[Result]:
    """Check all files in worker processes; one that kills its worker is a failure."""
    found = chain.from_iterable(files(folder, args.language) for folder in args.folders)
    wanted = spread(found, args.limit) if args.limit else found
    items = (Item(file=f, seed=args.seed + i, tokenizer=str(args.tokenizer or ""), checks=args.checks) for i, f in enumerate(wanted))
    for result in ordered_map(check, items, num_workers=args.workers, item_seconds=_ITEM_SECONDS):
        if isinstance(result, Lost):
            file = result.item.file
            why = (f"crash: {result.why}",)
            yield Result(name=file.name, group=file.group, num_bytes=file.num_bytes, num_names=0, code=False, failures=why)
        else:
            yield result


def main() -> int:
    """Check, and print a table by language and the failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders that `hpcraft mine` or `hpcraft prepare` made")
    parser.add_argument("--tokenizer", type=Path, help="folder of a trained tokenizer, to check encoding with")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the random numberings")
    parser.add_argument("--limit", type=int, default=0, help="files in all, the packages taking turns (default: all)")
    parser.add_argument("--language", action="append", default=[], help=f"a language or one of {', '.join(GROUPS)}; can be repeated")
    parser.add_argument("--show", type=int, default=20, help="failures shown of each check")
    parser.add_argument("--json", type=Path, help="write all figures and failures here")
    parser.add_argument(
        "--check", action="append", default=[], choices=CHECKS, help="one of the checks; can be repeated (default: all that can be)"
    )
    args = parser.parse_args()
    args.checks = tuple(name for name in CHECKS if (name in args.check if args.check else name != "encode" or args.tokenizer))
    if "encode" in args.checks and not args.tokenizer:
        parser.error("--check encode needs --tokenizer DIR")
    counts: dict[str, Counter[str]] = {}
    failures: list[tuple[str, str]] = []
    begin = time.monotonic()
    for result in results(args):
        for row in (counts.setdefault(result.group, Counter()), counts.setdefault("all", Counter())):
            row.update(files=1, bytes=result.num_bytes, names=result.num_names, nameless=int(result.code and not result.num_names))
            row.update({f"failed {failure.partition(':')[0]}": 1 for failure in result.failures}, failed=bool(result.failures))
        failures += [(failure, result.name) for failure in result.failures]
    report(counts, failures, time.monotonic() - begin, args)
    return 1 if failures else 0


def report(counts: dict[str, Counter[str]], failures: list[tuple[str, str]], seconds: float, args: argparse.Namespace) -> None:
    """Print, and write the JSON."""
    columns = [*args.checks, "crash"]
    print(f"{'':15}{'files':>9}{'MB':>9}{'names':>11}{'no names':>10}" + "".join(f"{name:>9}" for name in columns) + "  (files that fail)")
    for group in (*GROUPS, "all"):
        if row := counts.get(group):
            failed = "".join(f"{row[f'failed {name}']:9}" for name in columns)
            print(f"{group:15}{row['files']:9}{row['bytes'] / 1e6:9.1f}{row['names']:11}{row['nameless']:10}{failed}")
    shown: Counter[str] = Counter()
    for failure, name in failures:
        shown[failure.partition(":")[0]] += 1
        if shown[failure.partition(":")[0]] <= args.show:
            print(f"{name}: {failure}")
    print(f"{counts.get('all', Counter())['failed']} files fail (target: 0), {seconds:.0f} s, {args.workers} workers")
    if args.json:
        args.json.write_text(json.dumps({"counts": counts, "failures": failures, "seconds": round(seconds, 1)}, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
