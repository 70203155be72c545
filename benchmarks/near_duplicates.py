"""Near duplicates: throughput, recall and precision on planted duplicates, beside datatrove's MinHash on the same files.

    python3 -m venv PEER && PEER/bin/pip install 'datatrove[processing]==0.10.1' 'xxhash<4' orjson spacy
    .venv/bin/python benchmarks/near_duplicates.py MINED --peer-python PEER/bin/python [--repeats 3] [--json FILE]

``MINED`` is a folder of ``hpcraft mine``; what is planted is said in ``planted_duplicates.py``. Both systems read the same JSONL files
with two processes, and are timed up to the list of what is dropped, in turn, so that the machine's moods hit both. A variant is found
when it and its original are in one cluster. A document that was dropped is right when what stands for it has the same original. When
it hasn't, the two originals are compared line by line (difflib on at least ten lines of code, without either system), and two kinds are
counted apart that are alike in truth: copies (half of the lines are the same) and renamed copies (four fifths are the same
once each word is blanked; how rare both are by chance is printed). All else is an error. ``precision`` leaves both kinds out, ``strict
precision`` the first alone, and ``right`` of ``dropped`` none.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from planted_duplicates import KINDS, Planted, plant

from hpcraft.data.comments import blank_c, blank_fortran
from hpcraft.data.joining import band_tasks, find_near, read_edges
from hpcraft.data.near import Collection, Edges, Likeness, write_features
from hpcraft.data.selection import drop_copies, drop_near, preference
from hpcraft.data.shingles import jaccard, traits
from hpcraft.store import sha256_bytes

SHARDS = 8
WORKERS = 2
LIKENESS = Likeness()
OTHERS = (Likeness(similarity=0.5), Likeness(similarity=0.6, with_names=0.6), Likeness(similarity=0.7, with_names=0.7))
"""Without regard to names, at three thresholds."""
ALIKE = 0.5
"""Share of equal lines of code from which two files are alike in truth."""
RENAMED, FEWEST_LINES = 0.8, 10
"""The same with words blanked, and how many lines there must be."""
CONTROLS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What a list of keepers is worth."""

    recall: float
    by_kind: dict[str, float]
    precision: float
    strict_precision: float
    dropped: int
    right: int
    copies: int
    """Dropped for another file that shares its lines."""
    renamed: int
    """Dropped for another file that shares its lines but for words."""
    wrong: int


def write_texts(planted: Sequence[Planted], folder: Path) -> None:
    """The documents as JSONL, so many in each file that the numbers follow one another."""
    folder.mkdir(parents=True)
    for number, part in enumerate(_parts(len(planted))):
        with (folder / f"{number:05d}.jsonl").open("w") as file:
            for document in planted[part]:
                file.write(json.dumps({"id": str(document.number), "language": document.language, "text": document.text}) + "\n")


def _parts(count: int) -> Iterator[slice]:
    bounds = [count * number // SHARDS for number in range(SHARDS + 1)]
    return (slice(start, end) for start, end in pairwise(bounds))


def clean_texts(out: Path, texts: Path) -> list[str]:
    """The first phase on one file: features and signatures; returns the identities."""
    identities, sets = [], []
    for line in texts.read_text().splitlines():
        row = json.loads(line)
        identities.append(sha256_bytes(row["text"].encode()))
        strip = blank_fortran if row["language"] == "fortran" else blank_c
        sets.append(traits(row["language"], strip(row["text"])))
    folder = out / texts.stem
    folder.mkdir(parents=True)
    write_features(folder, sets)
    return identities


def ours(texts: Path, out: Path) -> None:
    """Both phases as ``prepare`` does them, up to the list of what is dropped."""
    with ProcessPoolExecutor(WORKERS) as pool:
        parts = list(pool.map(partial(clean_texts, out), sorted(texts.iterdir())))
        identities = [identity for part in parts for identity in part]
        keepers(pool, out, identities, LIKENESS)


def keepers(pool: ProcessPoolExecutor, out: Path, identities: list[str], likeness: Likeness) -> NDArray[np.int64]:
    """For each document the one that stands for it."""
    folders = tuple(sorted(folder for folder in out.iterdir() if (folder / "signatures.npy").is_file()))

    def find(alive: NDArray[np.bool_]) -> Edges:
        below = Path(tempfile.mkdtemp(prefix="join-", dir=out))
        np.save(below / "alive.npy", alive)
        tasks = band_tasks(folders, below / "alive.npy", likeness, below)
        list(pool.map(find_near, tasks))
        return read_edges(task.out for task in tasks)

    order = preference(["train"] * len(identities))
    selection = drop_copies(identities, order)
    drop_near(selection, order, find)
    return selection.stands_for


def peer(python: Path, texts: Path, out: Path) -> float:
    """Seconds that datatrove took."""
    command = [str(python), str(Path(__file__).with_name("near_duplicates_peer.py")), str(texts), str(out), str(WORKERS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def peer_keepers(out: Path, count: int) -> NDArray[np.int64]:
    """The member of each cluster that isn't removed stands for the others."""
    stands_for = np.arange(count)
    clusters = np.full(count, -1)
    removed = np.zeros(count, np.bool_)
    for number, part in enumerate(_parts(count)):
        path = out / "clusters" / f"{number:06d}"
        if path.with_suffix(".clusters").is_file():
            pairs = np.fromfile(path.with_suffix(".clusters"), "<u4").reshape(-1, 2)
            clusters[part.start + pairs[:, 0]] = pairs[:, 1]
        if path.with_suffix(".remove").is_file():
            removed[part.start + np.fromfile(path.with_suffix(".remove"), "<u4")] = True
    heads = {int(clusters[n]): int(n) for n in np.flatnonzero((clusters >= 0) & ~removed)}
    for n in np.flatnonzero(removed):
        stands_for[n] = heads[int(clusters[n])]
    return stands_for


class Judge:
    """The ground truth."""

    def __init__(self, planted: Sequence[Planted]) -> None:
        self._planted = planted
        self._verdicts: dict[tuple[int, int], str] = {}
        self.errors: list[tuple[Planted, Planted]] = []

    def judge(self, stands_for: NDArray[np.int64]) -> Quality:
        """Recall and precision of a list of keepers."""
        found, all_of = Counter[str](), Counter[str]()
        for document in self._planted:
            if document.kind != "base":
                all_of[document.kind] += 1
                found[document.kind] += bool(stands_for[document.number] == stands_for[document.origin])
        verdicts = Counter[str]()
        self.errors = []
        for number in np.flatnonzero(stands_for != np.arange(len(stands_for))):
            one, other = self._planted[number], self._planted[stands_for[number]]
            verdict = self._verdict(one.origin, other.origin)
            verdicts[verdict] += 1
            if verdict == "wrong":
                self.errors.append((one, other))
        right, wrong = verdicts["right"], verdicts["wrong"]
        return Quality(
            recall=sum(found.values()) / sum(all_of.values()),
            by_kind={kind: found[kind] / all_of[kind] for kind in KINDS},
            precision=right / max(right + wrong, 1),
            strict_precision=right / max(right + wrong + verdicts["renamed"], 1),
            dropped=verdicts.total(),
            right=right,
            copies=verdicts["copies"],
            renamed=verdicts["renamed"],
            wrong=wrong,
        )

    def chance(self, rng: random.Random) -> Counter[str]:
        """Verdicts on pairs of real files of one language that nobody says are alike."""
        base = [document for document in self._planted if document.kind == "base"]
        pairs = (rng.sample(base, 2) for _ in iter(int, 1))
        alike = (pair for pair in pairs if pair[0].language == pair[1].language)
        return Counter(self._verdict(one.number, other.number) for one, other in islice(alike, CONTROLS))

    def _verdict(self, one: int, other: int) -> str:
        key = (min(one, other), max(one, other))
        if one == other:
            return "right"
        if key not in self._verdicts:
            files = self._planted[one], self._planted[other]
            lines = [_code_lines(file) for file in files]
            enough = min(map(len, lines)) >= FEWEST_LINES
            if enough and _equal(lines) >= ALIKE:
                self._verdicts[key] = "copies"
            else:
                blanked = [[re.sub(r"\w+", "w", line) for line in part] for part in lines]
                self._verdicts[key] = "renamed" if enough and _equal(blanked) >= RENAMED else "wrong"
        return self._verdicts[key]


def _equal(lines: list[list[str]]) -> float:
    """Share of lines that are equal, in order."""
    return difflib.SequenceMatcher(None, lines[0], lines[1], autojunk=False).ratio()


def _code_lines(file: Planted) -> list[str]:
    """Lines of code without layout; no comments, which are licences above all, no includes, no lines of signs alone."""
    code = (blank_fortran if file.language == "fortran" else blank_c)(file.text)
    lines = (re.sub(r"(?<!\w)\s+|\s+(?!\w)", "", line.strip()) for line in code.splitlines())
    return [line for line in lines if re.search(r"\w", line) and not line.startswith("#include")]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("mined", type=Path)
    parser.add_argument("--peer-python", type=Path, help="a Python with datatrove; without it only our own figures are printed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-package", type=int, default=600, help="most files of one package")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--errors", action="store_true", help="print what was dropped wrongly")
    options = parser.parse_args()
    planted = plant(options.mined, seed=options.seed, per_package=options.per_package)
    megabytes = sum(len(document.text.encode()) for document in planted) / 1e6
    kinds = Counter(document.kind for document in planted)
    print(
        f"{len(planted)} documents, {megabytes:.1f} MB: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        flush=True,
    )
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(planted, megabytes, Path(folder), options)
    figures |= {"documents": len(planted), "megabytes": megabytes, "kinds": kinds, "seed": options.seed}
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def measure(planted: Sequence[Planted], megabytes: float, below: Path, options: argparse.Namespace) -> dict[str, object]:
    """Run both systems in turn and judge them."""
    write_texts(planted, below / "texts")
    seconds, processor = race(below, options.peer_python, options.repeats)
    speeds = {system: [megabytes / value for value in values] for system, values in seconds.items()}
    medians = {system: statistics.median(values) for system, values in speeds.items()}
    if options.peer_python:
        medians["ratio"] = medians["ours"] / medians["peer"]
        medians["ratio of processor time"] = statistics.median(processor["peer"]) / statistics.median(processor["ours"])
    print("medians in MB/s: " + ", ".join(f"{name} {value:.2f}" for name, value in medians.items()))
    judge = Judge(planted)
    identities = [sha256_bytes(document.text.encode()) for document in planted]
    qualities: dict[str, Quality] = {}
    with ProcessPoolExecutor(WORKERS) as pool:
        for likeness in (LIKENESS, *OTHERS):
            stands_for = keepers(pool, below / "ours", identities, likeness)
            qualities["ours" if likeness == LIKENESS else f"ours, {likeness.least} alone"] = judge.judge(stands_for)
            if options.errors and likeness == LIKENESS:
                _print_errors(planted, stands_for, judge, below / "ours")
    if options.peer_python:
        qualities["datatrove"] = judge.judge(peer_keepers(below / "peer", len(planted)))
    _print_table(qualities)
    chance = judge.chance(random.Random(options.seed))
    print(f"two files of a language by chance, of {CONTROLS}: {chance['copies']} copies, {chance['renamed']} renamed copies")
    quality = {name: asdict(quality) for name, quality in qualities.items()}
    return {"megabytes_per_second": speeds, "processor_seconds": processor, "medians": medians, "quality": quality, "chance": chance}


def race(below: Path, peer_python: Path | None, repeats: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds by the clock and of the processors for each run, system by system."""
    systems = ("ours", "peer") if peer_python else ("ours",)
    seconds: dict[str, list[float]] = {system: [] for system in systems}
    processor: dict[str, list[float]] = {system: [] for system in systems}
    for turn in range(repeats):
        for system in systems:
            shutil.rmtree(below / system, ignore_errors=True)
            (below / system).mkdir()
            before, start = _processor_seconds(), time.perf_counter()
            if system == "peer" and peer_python:
                took = peer(peer_python, below / "texts", below / system)
            else:
                ours(below / "texts", below / system)
                took = time.perf_counter() - start
            seconds[system].append(took)
            processor[system].append(_processor_seconds() - before)
            print(f"run {turn + 1}: {system} {took:.1f} s, {processor[system][-1]:.1f} s of processor", flush=True)
    return seconds, processor


def _processor_seconds() -> float:
    """Of this process and those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _print_errors(planted: Sequence[Planted], stands_for: NDArray[np.int64], judge: Judge, out: Path) -> None:
    """Files dropped for others that aren't alike line by line, and variants that weren't found, with our similarity."""
    documents = Collection(sorted(folder for folder in out.iterdir() if (folder / "signatures.npy").is_file()))
    for one, other in judge.errors:
        similarity = jaccard(documents[one.number], documents[other.number])
        print(
            f"wrong: {one.name} ({one.kind}) for {other.name} ({other.kind}), {documents.sizes[one.number]} features, similarity {similarity:.2f}"
        )
    for document in planted:
        if stands_for[document.number] != stands_for[document.origin]:
            similarity = jaccard(documents[document.number], documents[document.origin])
            print(f"missed: {document.name} ({document.kind}), {documents.sizes[document.origin]} features, similarity {similarity:.2f}")


def _print_table(qualities: dict[str, Quality]) -> None:
    print("\n" + " | ".join(["", *qualities]))
    for kind in KINDS:
        print(" | ".join([f"recall, {kind}", *(f"{quality.by_kind[kind]:.3f}" for quality in qualities.values())]))
    for name in ("recall", "precision", "strict_precision"):
        print(" | ".join([name, *(f"{getattr(quality, name):.4f}" for quality in qualities.values())]))
    for name in ("dropped", "right", "copies", "renamed", "wrong"):
        print(" | ".join([name, *(str(getattr(quality, name)) for quality in qualities.values())]))


if __name__ == "__main__":
    raise SystemExit(main())
