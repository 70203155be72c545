"""How fast and how well benchmarks are found in mined files.

``python benchmarks/decontamination.py FILES [BENCHMARKS]``: ``FILES`` is a folder that ``hpcraft mine`` made, ``BENCHMARKS`` one of
``hpcraft eval benchmarks`` (made on the way when it isn't given). Prints seconds per megabyte on one core, hits in the files as they are, and
how many references are found when each is planted into one of the files: as it is, and laid out on one line per sign.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hpcraft.data.clean import decode
from hpcraft.data.code_tokens import code_words
from hpcraft.data.decontaminate import Benchmarks
from hpcraft.data.fortran_form import to_free
from hpcraft.data.languages import language_of, promise
from hpcraft.eval.benchmarks import STAGE, BenchmarksConfig
from hpcraft.records import BenchmarkText, SourceFile
from hpcraft.shards import read_rows
from hpcraft.stages import execute
from hpcraft.tokenizer.fortran_form import looks_fixed

FILES_PER_PACKAGE = 250


def sample(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Name, language and text of the first code files of each package."""
    taken: dict[str, int] = {}
    for file in read_rows(folder, "files", SourceFile):
        if promise(file.path) is None or taken.get(file.package, 0) >= FILES_PER_PACKAGE or b"\0" in file.content:
            continue
        taken[file.package] = taken.get(file.package, 0) + 1
        text = decode(file.content).text
        if promise(file.path) == "fixed" and looks_fixed(text):
            text = to_free(text)
        if language := language_of(file.path, text):
            yield f"{file.package}/{file.path}", language, text


def planted(texts: list[BenchmarkText], files: list[tuple[str, str, str]], index: Benchmarks, *, laid_out: bool) -> tuple[int, int]:
    """How many references are found in real files of their language that hold them, and how many there are."""
    rng, found, tried = random.Random(0), 0, 0
    for text in texts:
        family = ("fortran",) if text.language == "fortran" else ("c", "cpp", "cuda")
        hosts = [f for f in files if f[1] in family]
        if text.kind not in ("reference", "source") or not hosts:
            continue
        # Before or after all of it: in the middle it might stand in a comment.
        parts = [rng.choice(hosts)[2]]
        code = text.text if not laid_out or text.language == "fortran" else "\n".join(code_words(text.language, text.text))
        tried += 1
        parts.insert(rng.randrange(2), code)
        found += index.hits(text.language, "\n".join(parts)) is not None
    return found, tried


def main() -> None:
    """Measure and print."""
    files = list(sample(Path(sys.argv[1])))
    with tempfile.TemporaryDirectory() as folder:
        benchmarks = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "benchmarks"
        if len(sys.argv) <= 2:
            execute(STAGE, BenchmarksConfig(), {}, benchmarks)
        texts = list(read_rows(benchmarks, "benchmarks", BenchmarkText))
    begin = time.process_time()
    index = Benchmarks.build(texts)
    print(f"index: {len(texts)} texts, {len(index.grams)} runs, {len(index.trees)} trees, {time.process_time() - begin:.1f} s")
    size = sum(len(text.encode()) for _, _, text in files) / 1e6
    begin = time.process_time()
    hits = [(name, hit) for name, language, text in files if (hit := index.hits(language, text))]
    seconds = time.process_time() - begin
    print(f"{len(files)} files, {size:.1f} MB: {seconds / size:.3f} s per MB on one core, {len(hits)} contaminated")
    for name, hit in hits[:20]:
        print(f"  {name}: {hit.task_id} {hit.kind} {hit.share:.2f}")
    for words, laid_out in (("as they are", False), ("one sign a line", True)):
        found, tried = planted(texts, files, index, laid_out=laid_out)
        print(f"planted references {words}: {found} of {tried} found")


if __name__ == "__main__":
    main()
