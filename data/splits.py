"""Which package is for training, validation or testing: whole packages, so that no file's neighbours are on the other side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Literal, cast

from hpcraft.errors import InputError
from hpcraft.recipe import nearest

Split = Literal["train", "valid", "test"]


def split_packages(
    names: Iterable[str], *, valid: Iterable[str], test: Iterable[str], valid_share: float, test_share: float
) -> dict[str, Split]:
    """The split of every package.

    Packages named in ``valid`` and ``test`` go there. Of the others a hash of the name decides, so a package keeps
    its place when others come and go; only when that leaves a wanted split empty and there are at least three
    packages does the one with the lowest hash go there. A list that is given is the whole split.

    Raises:
        InputError: a named package isn't among ``names``, or is named for both.
    """
    known = sorted(set(names))
    chosen: dict[str, Split] = {}
    for split, wanted in (("valid", tuple(valid)), ("test", tuple(test))):
        for name in wanted:
            if name not in known:
                raise InputError(f"{split}_packages: no package {name!r} was mined{nearest(name, known)}; there are {', '.join(known)}")
            if name in chosen:
                raise InputError(f"package {name!r} is in both valid_packages and test_packages; a package has one split")
            chosen[name] = cast("Split", split)
    by_hash: dict[Split, float] = {}
    if not any(split == "test" for split in chosen.values()):
        by_hash["test"] = test_share
    if not any(split == "valid" for split in chosen.values()):
        by_hash["valid"] = valid_share
    rest = {name: _position(name) for name in known if name not in chosen}
    return {**_hashed(rest, by_hash, fill=len(known) >= 3), **chosen}


def _hashed(positions: Mapping[str, float], shares: Mapping[Split, float], *, fill: bool) -> dict[str, Split]:
    split: dict[str, Split] = {}
    for name, position in positions.items():
        edge = 0.0
        split[name] = "train"
        for target, share in shares.items():
            edge += share
            if position < edge:
                split[name] = target
                break
    for target, share in shares.items():
        training = sorted((position, name) for name, position in positions.items() if split[name] == "train")
        if fill and share > 0 and target not in split.values() and len(training) > 1:
            split[training[0][1]] = target
    return split


def _position(name: str) -> float:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
