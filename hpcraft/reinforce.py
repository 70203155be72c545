"""The stage ``reinforce`` with what ``eval`` knows: `hpcraft.train.reinforce` knows nothing of it, so its looks at code and its text figures are put in here."""

from __future__ import annotations

from dataclasses import replace

from hpcraft.mutual import honesty, likeness
from hpcraft.stages import Report, Stage, Work
from hpcraft.train import reinforce
from hpcraft.train.reinforce import ReinforceConfig


def _run(config: ReinforceConfig, work: Work) -> Report:
    return reinforce.run(config, work, honesty=honesty, likeness=likeness)


STAGE: Stage[ReinforceConfig] = replace(reinforce.STAGE, run=_run)
COMMAND = STAGE.command
