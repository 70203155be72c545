"""How far weaker evidence of a licence can be trusted: does it agree with stronger evidence where a file has both?

    python benchmarks/licence_agreement.py RUN/mine

reads what ``hpcraft mine`` left and asks each kind of evidence alone, for every code file with a readable
``SPDX-License-Identifier`` and, in a second table, for every file without one whose head holds a licence text or notice.
``same`` is the same expression, ``kin`` shares a licence or differs in ``or later`` alone, ``other`` is another licence, ``silent``
says nothing or nothing that is known. Then the commonest disagreements, the evidence that decided, and what it costs.
"""

from __future__ import annotations

import argparse
import re
import resource
import time
from collections import Counter, defaultdict
from pathlib import Path

from hpcraft.data.evidence import NONE, Evidence, PackageLicences, of_file
from hpcraft.data.licence_texts import spdx_tag
from hpcraft.data.notices import HEAD_CHARACTERS
from hpcraft.data.sources.wanted import DEBIAN_COPYRIGHT, is_licence_material
from hpcraft.records import SourceFile
from hpcraft.shards import read_rows

_TAG_LINE = re.compile(r"^.*SPDX-License-Identifier:.*$", re.MULTILINE)


def compare(reference: str, weaker: Evidence) -> str:
    """How weaker evidence compares to the expression of stronger evidence."""
    if not weaker.licence:
        return weaker.origin if weaker.origin == "licence-conflict" else "silent"
    if weaker.licence == reference:
        return "same"
    return "kin" if _roots(reference) & _roots(weaker.licence) else "other"


def main() -> None:
    """Read the mined folder twice: licence files first, then code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mine", type=Path, help="folder that `hpcraft mine` made")
    folder: Path = parser.parse_args().mine
    materials: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
    for file in read_rows(folder, "files", SourceFile):
        if is_licence_material(file.path):
            materials[file.package][file.path] = file.content
    start = time.process_time()
    packages = {name: PackageLicences(found) for name, found in materials.items()}
    packager = {name: PackageLicences({p: c for p, c in found.items() if p == DEBIAN_COPYRIGHT}) for name, found in materials.items()}
    licence_file = {name: PackageLicences({p: c for p, c in found.items() if p != DEBIAN_COPYRIGHT}) for name, found in materials.items()}
    print(f"licence files of {len(packages)} packages read in {time.process_time() - start:.2f} s of CPU, each twice")
    results: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    differing: Counter[tuple[str, str, str, str]] = Counter()
    origins: Counter[str] = Counter()
    seconds, num_bytes, num_files = 0.0, 0, 0
    nothing = PackageLicences({})
    for file in read_rows(folder, "files", SourceFile):
        if is_licence_material(file.path):
            continue
        package = packages.get(file.package, nothing).of(file.path, file.declared)
        text = file.content.decode("utf-8", errors="replace")
        start = time.process_time()
        evidence = of_file(text, package)
        seconds += time.process_time() - start
        num_bytes += len(file.content)
        num_files += 1
        origins[evidence.origin.partition(":")[0]] += 1
        tag = spdx_tag(text[:HEAD_CHARACTERS])
        in_head = of_file(_TAG_LINE.sub("", text[:HEAD_CHARACTERS]), NONE)
        reference = tag if tag is not None else in_head.licence
        if not reference:
            continue
        weaker = {
            "debian/copyright": packager[file.package].of(file.path) if file.package in packager else NONE,
            "licence file": licence_file[file.package].of(file.path) if file.package in licence_file else NONE,
        }
        if tag:
            weaker["head text"] = in_head
        for kind, found in weaker.items():
            outcome = compare(reference, found)
            results["SPDX tag" if tag else "head text", kind][outcome] += 1
            if outcome in ("kin", "other"):
                differing[kind, file.package, reference, found.licence] += 1
    _print(results, differing, origins)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {memory:.0f} MiB")
    print(f"of_file: {num_files} files, {num_bytes / 1e6:.0f} MB, {seconds:.1f} s of CPU, {seconds / (num_bytes / 1e6):.4f} s per MB")


def _roots(expression: str) -> set[str]:
    return {
        name.removesuffix("-only").removesuffix("-or-later")
        for name in re.findall(r"[\w.+-]+", expression)
        if name not in ("AND", "OR", "WITH")
    }


def _print(results: dict[tuple[str, str], Counter[str]], differing: Counter[tuple[str, str, str, str]], origins: Counter[str]) -> None:
    outcomes = ("same", "kin", "other", "licence-conflict", "silent")
    print("\n| stronger | weaker | " + " | ".join(outcomes) + " | same of those that speak |\n|---|" + "---|" * (len(outcomes) + 1))
    for (stronger, kind), counts in sorted(results.items(), reverse=True):
        speaking = sum(counts[name] for name in outcomes[:-1])
        share = f"{100 * counts['same'] / speaking:.1f} %" if speaking else "-"
        print(f"| {stronger} | {kind} | " + " | ".join(str(counts[name]) for name in outcomes) + f" | {share} |")
    print("\ncommonest disagreements:")
    for (kind, package, reference, weaker), count in differing.most_common(15):
        print(f"{count:6}  {package}: {reference}, but {kind} {weaker}")
    print("\nfiles by the evidence that decided, or the reason against:")
    for origin, count in origins.most_common():
        print(f"{count:6}  {origin}")


if __name__ == "__main__":
    main()
