"""How fast the tokenizer renames and encodes, beside Tokompiler and beside the library that encodes, and what memory it takes.

    .venv/bin/python benchmarks/tokenizer_speed.py MINED --tokenizer DIR [--tokompiler CHECKOUT] [--parts peer,rename,encode,memory] [--json FILE]

One run, the same files for all, medians of several repetitions in an order that turns. Parts and targets:

- ``peer``: renaming and encoding C against the published code of Tokompiler (a checkout of Scientific-Computing-Lab/Tokompiler; see
  `benchmarks/tokompiler_worker.py`), each in its process, on the files that Tokompiler gets through: at least 20 times its MB/s
- ``rename``: renaming alone by language, in processor time of one core: at least 6 MB/s
- ``encode``: encoding raw text by our tokenizer against a plain byte-level BPE of the `tokenizers` library with the same number of tokens,
  trained on the same texts: within 10 % of its speed, one text at a time and in batches on all cores
- ``memory``: peak memory of the commands ``tokenizer encode`` and ``tokenizer rename`` on 100 MB of real code in one file: bounded

Speed is UTF-8 bytes of the original text by seconds. Not covered: reading files, training, other machines.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizer_files import GROUPS, files, sample

from hpcraft.tokenizer import bpe
from hpcraft.tokenizer.rename import rename

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PARTS = ("peer", "rename", "encode", "memory")
_WORKER = Path(__file__).with_name("tokompiler_worker.py")
_SINGLE = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
_HUGE_BYTES = 100_000_000
_LEAST_BYTES = 50_000
_TARGETS = {"peer": 20.0, "rename": 6.0, "encode": 0.9}


class Worker:
    """A contender in its process."""

    def __init__(self, texts: Path, kind: str, where: Path) -> None:
        command = [sys.executable, str(_WORKER), str(texts), kind, str(where)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **_SINGLE})

    def ask(self, wanted: list[int]) -> dict[str, Any]:
        """One repetition over some of the texts."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"tokenizer_speed: a contender ended with exit code {self._process.wait()}; what it said stands above")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def peer(args: argparse.Namespace) -> dict[str, Any]:
    """Tokompiler and ours on the same C files, turn by turn."""
    found = sample(args.mined, args.megabytes * 1_000_000, "c", seed=args.seed)
    sizes = [file.num_bytes for file in found]
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts.json"
        texts.write_text(json.dumps([file.text for file in found]))
        workers = {"tokompiler": Worker(texts, "tokompiler", args.tokompiler), "hpcraft": Worker(texts, "hpcraft", args.tokenizer)}
        whole = [set(worker.ask([])["whole"]) for worker in workers.values()]
        wanted = sorted(whole[0] & whole[1])
        times: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
        for round_number in range(args.repetitions):
            for name in sorted(workers, reverse=bool(round_number % 2)):
                times[name].append(workers[name].ask(wanted))
        for worker in workers.values():
            worker.close()
    size = sum(sizes[i] for i in wanted)
    speeds = {name: _speeds(size, seconds) for name, seconds in times.items()}
    return {
        "files": len(found),
        "files_compared": len(wanted),
        "given_up_by_tokompiler": len(found) - len(whole[0]),
        "MB": size / 1e6,
        "MB_per_second": speeds,
        "seconds": times,
        "ratio": {stage: speeds["hpcraft"][stage] / speeds["tokompiler"][stage] for stage in speeds["hpcraft"]},
    }


def _speeds(size: int, repetitions: list[dict[str, float]]) -> dict[str, float]:
    """MB/s of all the work and of renaming alone, in processor time."""
    return {stage: size / 1e6 / statistics.median(row[stage] for row in repetitions) for stage in ("processor", "renaming")}


def renaming(args: argparse.Namespace) -> dict[str, Any]:
    """Processor time of renaming, by language and form."""
    rows = {}
    for group in GROUPS:
        found = sample(args.mined, args.megabytes * 1_000_000, group, seed=args.seed)
        size = sum(file.num_bytes for file in found)
        if size < _LEAST_BYTES:
            continue
        seconds = [
            _processor_seconds(lambda found=found: [rename(file.text, file.language, form=file.form) for file in found])
            for _ in range(args.repetitions)
        ]
        rows[group] = {"files": len(found), "MB": size / 1e6, "MB_per_second": size / 1e6 / statistics.median(seconds), "seconds": seconds}
    return rows


def encoding(args: argparse.Namespace) -> dict[str, Any]:
    """Ours against a plain byte-level BPE; a child process for each number of threads, as the library starts its threads once."""
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        for way, environment in (("single", _SINGLE), ("batch", {"TOKENIZERS_PARALLELISM": "true"})):
            command = [sys.executable, __file__, str(args.mined), "--tokenizer", str(args.tokenizer), "--encode-way", way]
            command += ["--megabytes", str(args.megabytes), "--repetitions", str(args.repetitions), "--seed", str(args.seed)]
            done = subprocess.run(
                [*command, "--plain", scratch], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True
            )
            rows[way] = json.loads(done.stdout)
    return rows


def encode_way(args: argparse.Namespace) -> dict[str, Any]:
    """In the child: both tokenizers over the same texts, turn by turn."""
    share = args.megabytes * 1_000_000 // len(GROUPS)
    texts = [file.text for group in GROUPS for file in sample(args.mined, share, group, seed=args.seed)]
    random.Random(args.seed).shuffle(texts)
    size = sum(len(text.encode()) for text in texts)
    ours = bpe.load(args.tokenizer)
    contenders = {"hpcraft": ours, "plain": _plain(args, ours.get_vocab_size())}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(args.repetitions + 1):
        for name in sorted(contenders, reverse=bool(round_number % 2)):
            seconds = _wall_seconds(lambda name=name: _encode(contenders[name], texts, args.encode_way))
            if round_number:  # the first one fills the libraries' caches
                times[name].append(seconds)
    speeds = {name: size / 1e6 / statistics.median(seconds) for name, seconds in times.items()}
    tokens = {name: sum(len(tokenizer.encode(text).ids) for text in texts[:50]) for name, tokenizer in contenders.items()}
    return {
        "MB": size / 1e6,
        "MB_per_second": speeds,
        "ratio": speeds["hpcraft"] / speeds["plain"],
        "tokens_of_50_texts": tokens,
        "vocabulary": {name: tokenizer.get_vocab_size() for name, tokenizer in contenders.items()},
        "seconds": times,
    }


def _encode(tokenizer: Tokenizer, texts: list[str], way: str) -> None:
    if way == "batch":
        tokenizer.encode_batch(texts, add_special_tokens=False)
        return
    for text in texts:
        tokenizer.encode(text, add_special_tokens=False)


def _plain(args: argparse.Namespace, vocab_size: int) -> Tokenizer:
    """The library's byte-level BPE as it comes, trained on other files than are encoded; kept for the next child."""
    from tokenizers import Tokenizer

    kept = args.plain / "plain.json"
    if kept.is_file():
        return Tokenizer.from_file(str(kept))
    share = args.train_megabytes * 1_000_000 // len(GROUPS)
    texts = (f.text for group in GROUPS for f in sample(args.mined, share, group, seed=args.seed + 1))
    tokenizer = bpe.train_plain(texts, vocab_size)
    tokenizer.save(str(kept))
    return tokenizer


def memory(args: argparse.Namespace) -> dict[str, Any]:
    """Peak memory and seconds of the commands on a file of 100 MB, and on nothing but a line, which is what the program itself takes."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        huge, small = Path(folder) / "huge.c", Path(folder) / "small.c"
        small.write_text("int main(void) { return 0; }\n")
        size = _concatenate(args.mined, huge)
        for command in (["encode", str(args.tokenizer)], ["rename"]):
            peaks = [_peak([sys.executable, "-m", "hpcraft", "tokenizer", *command, str(path)]) for path in (small, huge)]
            rows[command[0]] = {
                "MB": size / 1e6,
                "small_MB": peaks[0]["peak_MB"],
                "peak_MB": peaks[1]["peak_MB"],
                "bytes_per_byte": (peaks[1]["peak_MB"] - peaks[0]["peak_MB"]) * 1e6 / size,
                **{name: peaks[1][name] for name in ("seconds", "exit_code", "said")},
            }
    return rows


def _concatenate(mined: Path, path: Path) -> int:
    """Real C files, again from the start where they don't suffice."""
    size = 0
    with path.open("wb") as out:
        for file in itertools.cycle(list(itertools.islice(files(mined, ["c"]), 20_000))):
            size += out.write(file.text.encode() + b"\n")
            if size >= _HUGE_BYTES:
                return size
    raise SystemExit(f"tokenizer_speed: {mined} holds no C files")


def _peak(command: list[str]) -> dict[str, Any]:
    """Largest resident set of a command, by the kernel's account of it."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        last = (said.read().decode(errors="replace").strip().splitlines() or [""])[-1]
    return {
        "peak_MB": usage.ru_maxrss * 1024 / 1e6,
        "seconds": time.monotonic() - begin,
        "exit_code": process.returncode,
        "said": last[:200],
    }


def _processor_seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _wall_seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def report(figures: dict[str, Any]) -> None:
    """Print the figures beside their targets."""
    if found := figures.get("peer"):
        speeds = found["MB_per_second"]
        print(
            f"peer: {found['files_compared']} of {found['files']} C files, {found['MB']:.1f} MB ({found['given_up_by_tokompiler']} given up by Tokompiler)"
        )
        for stage, what in (("processor", "rename and encode"), ("renaming", "rename alone")):
            theirs, ours = (speeds[name][stage] for name in ("tokompiler", "hpcraft"))
            target = f" (target {_TARGETS['peer']:g})" if stage == "processor" else ""
            print(f"  {what:18} Tokompiler {theirs:.3f} MB/s, hpcraft {ours:.2f} MB/s: {found['ratio'][stage]:.1f} times{target}")
    for group, row in figures.get("rename", {}).items():
        print(
            f"rename {group:14} {row['MB_per_second']:8.2f} MB/s a core (target {_TARGETS['rename']:g}), {row['files']} files, {row['MB']:.1f} MB"
        )
    for way, row in figures.get("encode", {}).items():
        ours, plain = (row["MB_per_second"][name] for name in ("hpcraft", "plain"))
        print(
            f"encode {way:14} hpcraft {ours:.2f} MB/s, plain byte-level BPE {plain:.2f} MB/s: {row['ratio']:.2f} (target {_TARGETS['encode']:g} and more)"
        )
    for command, row in figures.get("memory", {}).items():
        state = "" if not row["exit_code"] else f"  EXIT CODE {row['exit_code']}: {row['said']}"
        print(
            f"memory {command:14} {row['peak_MB']:.0f} MB for a file of {row['MB']:.0f} MB ({row['small_MB']:.0f} MB for one of a line),"
            f" {row['bytes_per_byte']:.1f} bytes a byte, {row['seconds']:.0f} s (target: bounded){state}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mined", type=Path, help="folder that `hpcraft mine` made")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the trained tokenizer")
    parser.add_argument("--tokompiler", type=Path, help="checkout of Tokompiler, for the part peer")
    parser.add_argument("--parts", default=",".join(PARTS), help="with commas between them (default: %(default)s)")
    parser.add_argument("--megabytes", type=int, default=4, help="of text that is timed, of each language (default: %(default)s)")
    parser.add_argument("--train-megabytes", type=int, default=15, help="that the plain BPE is trained on (default: %(default)s)")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the choice of files")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--encode-way", help=argparse.SUPPRESS)
    parser.add_argument("--plain", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.encode_way:
        print(json.dumps(encode_way(args)))
        return
    measures: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "peer": peer,
        "rename": renaming,
        "encode": encoding,
        "memory": memory,
    }
    parts = args.parts.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"--parts: no part {unknown[0]!r}; allowed: {', '.join(PARTS)}")
    if "peer" in parts and not args.tokompiler:
        parser.error("the part peer needs --tokompiler CHECKOUT; leave it out by --parts rename,encode,memory")
    figures = {}
    for part in parts:
        figures[part] = measures[part](args)
        report({part: figures[part]})
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
