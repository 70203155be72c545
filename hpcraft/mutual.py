"""The stage ``mutual`` with all that it is measured by: `hpcraft.train.mutual` knows nothing of ``eval``, so its looks at code and its text figures are put in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hpcraft.stages import Report, Stage, Work
from hpcraft.train import mutual
from hpcraft.train.mutual_config import MutualConfig


def honesty(target_model: str, code: str, entry: str) -> str:
    """Which trick on compilers or checks code plays, as the judge of kernel tasks says it; empty for none."""
    from hpcraft.eval.forbidden import trick

    return trick(target_model, code, entry)


def likeness(golds: Sequence[str], answers: Sequence[str], language: str) -> Mapping[str, float]:
    """BLEU by sacrebleu and our CodeBLEU of answers against gold texts, both of the whole corpus."""
    from hpcraft.eval.text_metrics import TextPair, text_figures

    figures = text_figures([TextPair(gold, answer, language)] for gold, answer in zip(golds, answers, strict=True))
    return {"bleu": round(figures["bleu"].value, 6), "codebleu_hpc": round(figures["codebleu-hpc"].value, 6)}


def _run(config: MutualConfig, work: Work) -> Report:
    return mutual.run(config, work, honesty=honesty, likeness=likeness)


STAGE: Stage[MutualConfig] = replace(mutual.STAGE, run=_run)
COMMAND = STAGE.command
