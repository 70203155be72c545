"""Mutated real files through the tokenizer: no crash, no hang, nothing lost.

    .venv/bin/python benchmarks/tokenizer_fuzz.py FOLDER [--minutes 10] [--workers 2] [--tokenizer DIR] [--seed S] [--keep DIR] [--json FILE]

Target: 10 minutes without crash or loss. A child process cuts, splices and spoils files of a mined folder and runs them through lexing,
renaming, restoring, layout and encoding. Before each execution the input lies in a file, so that one that kills the child (native code) or stops
it (no end within 30 seconds) is kept by the parent, which starts another child. A loss is made smaller line by line before it is kept.
Inputs are reproducible: number K of a child is drawn from its seed and K alone, over the same files.
Planted in a copy, a wrong line end in `restore`, a wrong address in the lexer and an endless loop are found within a minute.
Not covered: strings that are no Unicode text (lone surrogates), which no file can hold.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fuzz_mutations import mutated
from tokenizer_files import GROUPS, decode_raw, files, spread
from tokenizer_roundtrip import difference, there_and_back, through_json

from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.layout import canonical
from hpcraft.tokenizer.lexer import LANGUAGES, lex
from hpcraft.tokenizer.literals import abstract, restore_literals
from hpcraft.tokenizer.rename import rename, restore

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_HANG_SECONDS = 30.0
_MEMORY_BYTES = 8 << 30
_SMALLER_SECONDS = 10.0
_MADE_SMALLER = 3
"""Failures of one check and language that are made smaller; it takes time from the fuzzing."""
Check = Callable[[str, str, int], str]
"""Text, language and seed to what is wrong, empty for nothing."""


def _lexed(text: str, language: str, _seed: int) -> str:
    return difference(text, "".join(token.text for token in lex(text, language)))


def _renamed(text: str, language: str, _seed: int) -> str:
    return difference(text, restore(through_json(rename(text, language))))


def _seeded(text: str, language: str, seed: int) -> str:
    renamed = rename(text, language, seed=seed)
    return difference(text, restore(through_json(renamed))) or difference(renamed.text, rename(text, language, seed=seed).text)


def _abstracted(text: str, language: str, _seed: int) -> str:
    return difference(text, restore_literals(abstract(text, language)))


def _laid_out(text: str, language: str, _seed: int) -> str:
    once = canonical(text, language)
    return difference(once, canonical(once, language))


def checks(tokenizer: Path | None) -> dict[str, Check]:
    """What each input is put through."""
    found: dict[str, Check] = {"lex": _lexed, "rename": _renamed, "seeded": _seeded, "layout": _laid_out, "literals": _abstracted}
    if tokenizer:
        loaded = bpe.load(tokenizer)
        found["encode"] = lambda text, _language, _seed: difference(text, there_and_back(loaded, text))
        found["encode renamed"] = lambda text, language, _seed: _renamed_there_and_back(loaded, text, language)
    return found


def _renamed_there_and_back(loaded: Tokenizer, text: str, language: str) -> str:
    renamed = rename(text, language).text
    return difference(renamed, there_and_back(loaded, renamed))


def child(args: argparse.Namespace) -> int:
    """Draw inputs and check them until the time is up; tell of failures on stdout, one JSON object a line."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    languages, pool = json.loads(args.folder.read_text())
    all_checks = checks(args.tokenizer)
    made_smaller: Counter[tuple[str, str]] = Counter()
    current = args.child.open("r+b", buffering=0)
    end, number = time.monotonic() + args.minutes * 60, args.skip
    while time.monotonic() < end:
        rng = random.Random(f"{args.seed}/{number}")
        place = rng.randrange(len(pool))
        language = languages[place] if rng.random() < 0.9 else rng.choice(LANGUAGES)
        text = decode_raw(mutated(rng, pool, place))
        content = text.encode()
        current.seek(0)
        current.write(f"{number} {language} {len(content)}\n".encode() + content)
        for name, run in all_checks.items():
            if why := _failure(run, text, language, number):
                made_smaller[name, language] += 1
                small = text if made_smaller[name, language] > _MADE_SMALLER else smaller(text, partial(_fails, run, language, number))
                print(json.dumps({"check": name, "language": language, "number": number, "why": why, "text": small}), flush=True)
        number += 1
    return 0


def _fails(run: Check, language: str, seed: int, text: str) -> bool:
    return bool(_failure(run, text, language, seed))


def _failure(run: Check, text: str, language: str, seed: int) -> str:
    try:
        return run(text, language, seed)
    except Exception as error:  # noqa: BLE001 - any error is a failure
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"


def smaller(text: str, fails: Callable[[str], bool]) -> str:
    """A part of ``text`` that fails as well, by leaving out lines and then characters; as small as a few seconds make it."""
    end = time.monotonic() + _SMALLER_SECONDS
    for cut in (lambda whole: whole.splitlines(keepends=True), list):
        parts = cut(text)
        size = max(1, len(parts) // 2)
        while size and time.monotonic() < end:
            at = 0
            while at < len(parts) and time.monotonic() < end:
                without = parts[:at] + parts[at + size :]
                if fails("".join(without)):
                    parts = without
                else:
                    at += size
            size //= 2
        text = "".join(parts)
    return text


@dataclass(kw_only=True)
class Stand:
    """What the children of one seed did."""

    executions: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    """``check``, ``language``, ``number``, ``why`` and ``text`` of each."""


def watch(args: argparse.Namespace, scratch: Path, seed: int) -> Stand:
    """Run children one after the other until the time is up; what killed one is a failure, and the next goes on behind it."""
    end, stand = time.monotonic() + args.minutes * 60, Stand()
    current, said, errors = (scratch / f"{seed}.{name}" for name in ("input", "failures", "errors"))
    while True:
        current.write_bytes(b"")
        command = [sys.executable, __file__, str(scratch / "pool.json"), "--child", str(current), "--seed", str(seed)]
        command += ["--skip", str(stand.executions), "--minutes", str(max(0.0, end - time.monotonic()) / 60)]
        command += ["--tokenizer", str(args.tokenizer)] if args.tokenizer else []
        with said.open("w") as output, errors.open("w") as complaints:
            why = _ended(subprocess.Popen(command, stdout=output, stderr=complaints), current)
        stand.failures += [json.loads(line) for line in said.read_text().splitlines()]
        number, language, text = _input(current)
        stand.executions = number + 1
        if not why:
            return stand
        last = (errors.read_text(errors="replace").strip().splitlines() or [""])[-1]
        if number < 0:
            raise SystemExit(f"fuzz: the child ended before its first input: {why} {last}")
        stand.failures.append({"check": "crash", "language": language, "number": number, "why": f"{why} {last}".strip(), "text": text})
        if time.monotonic() >= end:
            return stand


def _ended(process: subprocess.Popen[bytes], current: Path) -> str:
    """Wait for a child; why it ended, empty for the regular end."""
    last, since = b"", time.monotonic()
    while process.poll() is None:
        time.sleep(0.2)
        with current.open("rb") as file:
            head = file.readline()
        if head != last:
            last, since = head, time.monotonic()
        elif time.monotonic() - since > _HANG_SECONDS + _SMALLER_SECONDS:
            process.kill()
            process.wait()
            return f"no end within {_HANG_SECONDS:.0f} s"
    code = process.returncode
    return "" if code == 0 else f"signal {-code}" if code < 0 else f"exit {code}"


def _input(current: Path) -> tuple[int, str, str]:
    """The last input of a child: its number, language and text; the number -1 where there was none."""
    head, _, content = current.read_bytes().partition(b"\n")
    if not head:
        return -1, "", ""
    number, language, length = head.split()
    return int(number), language.decode(), content[: int(length)].decode()


def report(stands: list[Stand], seconds: float, args: argparse.Namespace) -> int:
    """Print the figures and keep the inputs that failed, of failures that look alike the smallest."""
    failures = [failure for stand in stands for failure in stand.failures]
    executions = sum(stand.executions for stand in stands)
    alike: dict[tuple[str, str, str], dict[str, Any]] = {}
    for failure in sorted(failures, key=lambda f: len(f["text"])):
        alike.setdefault((failure["check"], failure["language"], re.sub(r"""\d+|['"].*""", "", failure["why"])[:80]), failure)
    for number, failure in enumerate(alike.values()):
        args.keep.mkdir(parents=True, exist_ok=True)
        path = args.keep / f"{failure['check'].replace(' ', '-')}-{failure['language']}-{number}.txt"
        path.write_bytes(failure["text"].encode())
        print(f"{failure['check']} ({failure['language']}): {failure['why'][:200]} -> {path}")
    counts = dict(Counter(failure["check"] for failure in failures))
    figures = {"executions": executions, "seconds": round(seconds, 1), "per_second": round(executions / seconds, 1), "failures": counts}
    print(
        f"seed {args.seed}: {executions} inputs in {seconds:.0f} s, {executions / seconds:.1f} a second, failures {counts or 0} (target: 0)"
    )
    if args.json:
        args.json.write_text(json.dumps({"seed": args.seed, "workers": args.workers, **figures}) + "\n")
    return 1 if failures else 0


def main() -> int:
    """Fuzz, print executions per second and what failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that `hpcraft mine` made")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=1, help="children side by side")
    parser.add_argument("--tokenizer", type=Path, help="folder of a trained tokenizer, to encode and decode with")
    parser.add_argument("--files", type=int, default=400, help="files that inputs are made from, the packages taking turns")
    parser.add_argument("--language", action="append", default=[], help=f"a language or one of {', '.join(GROUPS)}; can be repeated")
    parser.add_argument("--seed", type=int, help="of all draws (default: from the clock, and told)")
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz-failures"), help="folder for inputs that fail (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--skip", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.seed = int(time.time()) if args.seed is None else args.seed
    if args.child:
        return child(args)
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(args.workers) as pool:
        found = spread(files(args.folder, args.language), args.files)
        Path(scratch, "pool.json").write_text(json.dumps([[f.language for f in found], [f.text for f in found]]))
        begin = time.monotonic()
        stands = list(pool.map(lambda i: watch(args, Path(scratch), args.seed + i), range(args.workers)))
    return report(stands, time.monotonic() - begin, args)


if __name__ == "__main__":
    sys.exit(main())
