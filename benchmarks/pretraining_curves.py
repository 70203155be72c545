"""Bits per byte over tokens seen of the recipe pretrain-10m, beside a byte-level BPE without renaming and beside compressors.

    python benchmarks/pretraining_curves.py CORPUS OUT [--seconds 1200] [--recipe recipes/pretrain-10m.yaml] [--pretrained FOLDER] [--without-bpe]

CORPUS is a folder of ``hpcraft prepare``. Two models of the same size are trained for the same time with the recipe's settings: hpcraft's, and one with a
byte-level BPE of the same vocabulary (GPT-2's cutting of texts, trained on the same files) on whole files alone by next-token prediction, as MonoCoder
and PolyCoder have it. gzip, zstd and xz compress the same validation files, alone and with training files in front (as far as their windows reach), and
a byte n-gram model with back-off (Witten-Bell, order 6) learns the first 6 MB of the training files. Curves are written as OUT/curves.svg, figures as OUT/curves.json.
Both trainings go on where they were when the command is run again. With --pretrained the curve of hpcraft's is that of a finished stage pretrain, as
``hpcraft run`` leaves it: give --seconds what its recipe gave.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PREFIX_BYTES = 32_000_000
_NGRAM_BYTES = 6_000_000
_ORDER = 6


def main() -> None:
    """Train both, compress, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=1200.0)
    parser.add_argument("--recipe", type=Path, default=Path(__file__).parent.parent / "recipes" / "pretrain-10m.yaml")
    parser.add_argument("--pretrained", type=Path, help="folder of a finished stage pretrain on CORPUS")
    parser.add_argument("--without-bpe", action="store_true", help="don't train the byte-level BPE's model")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    names = ("hpcraft",) if args.without_bpe else ("hpcraft", "byte-level BPE")
    curves = {name: trained(args, name) for name in names}
    found = {"curves": curves, "compressors": compressors(args), "n-gram": ngram(args)}
    (args.out / "curves.json").write_text(json.dumps(found, indent=1))
    plot(found, args.out / "curves.svg")
    for name, points in curves.items():
        print(name, {split: f"{values[-1][1]:.3f}" for split, values in points.items()}, "tokens", points["valid"][-1][0])
    print(json.dumps(found["compressors"]), json.dumps(found["n-gram"]))


def settings(args: argparse.Namespace) -> tuple[dict[str, Any], int, int]:
    """The recipe's settings of pretrain, its vocabulary, and its seed, by which the validation sample is drawn."""
    import yaml

    recipe = yaml.safe_load(args.recipe.read_text())
    stages = recipe["stages"]
    return {**stages["pretrain"], "max_seconds": args.seconds}, stages["tokenizer"]["vocab_size"], recipe["seed"]


def trained(args: argparse.Namespace, name: str) -> dict[str, list[tuple[int, float]]]:
    """Train one of the two, or read what a recipe trained; split to tokens and bits per byte."""
    from hpcraft.recipe import build_config
    from hpcraft.stages import execute
    from hpcraft.tokenizer.train import STAGE as TOKENIZER
    from hpcraft.tokenizer.train import TokenizerConfig
    from hpcraft.train.pretrain import STAGE

    if name == "hpcraft" and args.pretrained:
        return curves_of(args.pretrained)
    given, size, seed = settings(args)
    slug = name.replace(" ", "-")
    if name == "hpcraft":
        execute(TOKENIZER, TokenizerConfig(vocab_size=size), {"corpus": args.corpus}, args.out / "tokenizer", seed=seed)
        folder = args.out / "tokenizer"
    else:
        folder = byte_level(args, size)
        given |= {"objectives": {"causal": 1.0}, "function_characters": 0, "directive_examples": 0}
    execute(STAGE, build_config(STAGE, given, where=slug), {"corpus": args.corpus, "tokenizer": folder}, args.out / slug, seed=seed)
    return curves_of(args.out / slug)


def curves_of(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Split to tokens learnt and bits per byte, as a stage pretrain wrote them."""
    curves: dict[str, list[tuple[int, float]]] = {}
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        point = json.loads(line)
        if point["bits_per_byte"] is not None:
            curves.setdefault(point["split"], []).append((point["tokens"], point["bits_per_byte"]))
    return curves


def byte_level(args: argparse.Namespace, size: int) -> Path:
    """GPT-2's kind of tokenizer, with the control tokens that the stage asks for, as a folder of the stage tokenizer."""
    from tokenizers import ByteLevelBPETokenizer

    from hpcraft.stages import Report, Stage, execute
    from hpcraft.tokenizer import bpe
    from hpcraft.tokenizer.corpus import sample
    from hpcraft.tokenizer.prompt import CONTROL, SPECIAL
    from hpcraft.tokenizer.train import STAGE as TOKENIZER

    def make(_: Any, work: Any) -> Report:
        made = ByteLevelBPETokenizer()
        texts = (d.text for d in sample(work.inputs["corpus"], "train", 4_000_000, 0))
        made.train_from_iterator(texts, vocab_size=size, special_tokens=[*SPECIAL, *CONTROL], show_progress=False)
        made.save(str(work.out / "tokenizer.json"))
        (work.out / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "PreTrainedTokenizerFast"}))
        assert bpe.load_any(work.out).get_vocab_size() == size
        return Report()

    stage = Stage(name="tokenizer", summary="", example="", config=TOKENIZER.config, inputs=TOKENIZER.inputs, run=make)
    execute(stage, TOKENIZER.config(vocab_size=size), {"corpus": args.corpus}, args.out / "byte-level-tokenizer")
    return args.out / "byte-level-tokenizer"


def valid_texts(args: argparse.Namespace) -> dict[str, bytes]:
    """The very texts that the models are measured on, by language."""
    from hpcraft.train.material import validation_texts

    found: dict[str, bytes] = {}
    given, _, seed = settings(args)
    for text in validation_texts(args.corpus, given["valid_characters"], seed):
        found[text.language] = found.get(text.language, b"") + text.text.encode()
    return found


def train_bytes(args: argparse.Namespace, language: str, limit: int) -> bytes:
    """Training files of a language."""
    from hpcraft.tokenizer.corpus import sample

    texts: Iterator[bytes] = (d.text.encode() for d in sample(args.corpus, "train", limit, 0) if d.language == language)
    return b"".join(texts)[:limit]


def compressors(args: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Bits per byte of each compressor, alone and with training files in front."""
    import pyarrow as pa

    zstd = pa.Codec("zstd", compression_level=22)
    ways = {
        "gzip -9": lambda data: len(gzip.compress(data, 9)),
        "zstd -22": lambda data: len(zstd.compress(data)),
        "xz -9e": lambda data: len(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME)),
    }
    valid = valid_texts(args)
    found: dict[str, dict[str, float]] = {}
    for name, size in ways.items():
        alone = {language: size(text) for language, text in valid.items()}
        primed = {}
        for language, text in valid.items():
            front = train_bytes(args, language, _PREFIX_BYTES // len(valid))
            primed[language] = size(front + text) - size(front)
        for label, bits in (("alone", alone), ("with training files", primed)):
            whole = {language: 8 * count / len(valid[language]) for language, count in bits.items()}
            whole["all"] = 8 * sum(bits.values()) / sum(map(len, valid.values()))
            found[f"{name}, {label}"] = whole
    return found


def ngram(args: argparse.Namespace) -> dict[str, float]:
    """Bits per byte of a byte model with contexts of up to five bytes, interpolated by Witten and Bell."""
    from collections import Counter, defaultdict

    valid = valid_texts(args)
    front = b"".join(train_bytes(args, language, _NGRAM_BYTES // len(valid)) for language in valid)
    tables: list[dict[bytes, Counter[int]]] = [defaultdict(Counter) for _ in range(_ORDER)]
    for order, table in enumerate(tables):
        for at in range(order, len(front)):
            table[front[at - order : at]][front[at]] += 1
    found = {}
    total = 0.0
    for language, text in valid.items():
        bits = 0.0
        for at in range(len(text)):
            chance = 1 / 256
            for order, table in enumerate(tables):
                counts = table.get(text[at - order : at]) if at >= order else None
                if counts:
                    seen, kinds = counts.total(), len(counts)
                    chance = (counts[text[at]] + kinds * chance) / (seen + kinds)
            bits -= math.log2(chance)
        found[language] = bits / len(text)
        total += bits
    return {**found, "all": total / sum(map(len, valid.values()))}


def plot(found: dict[str, Any], path: Path) -> None:
    """The curves by language, and the best compressor as a line."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    splits = sorted({split for curve in found["curves"].values() for split in curve})
    figure, axes = plt.subplots(1, len(splits), figsize=(3.2 * len(splits), 3.2), sharey=True)
    for axis, split in zip(axes, splits, strict=True):
        for name, curve in found["curves"].items():
            axis.plot(*zip(*curve[split], strict=True), marker=".", label=name)
        language = split.partition("/")[2] or "all"
        best = min(found["compressors"], key=lambda name: found["compressors"][name][language])
        axis.axhline(found["compressors"][best][language], linestyle="--", color="grey", label=best)
        axis.axhline(found["n-gram"][language], linestyle=":", color="grey", label="6-gram of bytes")
        axis.set(title=language, xlabel="tokens seen")
    axes[0].set_ylabel("bits per byte, validation")
    axes[0].legend(fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path)


if __name__ == "__main__":
    main()
