"""The stage ``reinforce`` with what ``eval`` knows: `hpcraft.train.reinforce` knows nothing of it, so its looks at code and its text figures are put in here."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.mutual import likeness
from hpcraft.stages import Report, Stage, Work
from hpcraft.train import reinforce
from hpcraft.train.reinforce import ReinforceConfig

_PASS = "pass"  # noqa: S105 - a verdict


def honesty(target_model: str, code: str, entry: str) -> str:
    """Why code isn't honestly parallel, as the judge of kernel tasks says it: work that one thread does alone, tricks on compilers; empty when nothing speaks against it."""
    from hpcraft.eval import forbidden, parallel_use

    language = "cpp" if target_model == "cuda" else "c"
    for verdict in (
        forbidden.check(target_model, language, code, entry=entry),
        parallel_use.check(target_model, language, code, None, entry=entry),
    ):
        if verdict != _PASS:
            return verdict.removeprefix("fail: ")
    return ""


def _run(config: ReinforceConfig, work: Work) -> Report:
    return reinforce.run(config, work, honesty=honesty, likeness=likeness)


STAGE: Stage[ReinforceConfig] = replace(reinforce.STAGE, run=_run)
COMMAND = STAGE.command
