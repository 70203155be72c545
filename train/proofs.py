"""C that was written of real parallel code, proved once more in the direction of a pair: the C as the source, the real code as its translation.

The first judgement calls the real code and asks whether the C does the same. A pair's record says more: that its source runs clean, on which tests, what
they left behind, which of its lines they run and which of its faults they notice. The tester reads the C, as it reads any, and its tests are tried beside the
known ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from hpcraft.data.target_models import SERIAL
from hpcraft.records import Function
from hpcraft.store import read_json, write_json
from hpcraft.train.decisions import Answer
from hpcraft.train.rounds import findings
from hpcraft.verification import Candidate, Finding, Verifier

WriteTests = Callable[[Mapping[str, tuple[str, str]]], Mapping[str, Sequence[str]]]
"""Writes tests: key to signature and source, and to its tests."""


def to_prove(
    functions: Sequence[Function], answers: Sequence[Answer], found: Sequence[Finding], known: Collection[tuple[str, str]], *, kills: bool
) -> dict[str, tuple[Function, Answer]]:
    """By key the answers that may become pairs of which they are the source.

    Args:
        functions: of a round.
        answers: of the round; of equal ones of a function the first was judged.
        found: by the verifier.
        known: function and target of the pairs that earlier rounds gave.
        kills: whether tests must have noticed a faulty version.
    """
    by_key = {f.candidate_id: f for f in found}
    parallel = {f.function_id: f for f in functions if f.model != SERIAL}
    asked: dict[str, tuple[Function, Answer]] = {}
    for answer in answers:
        function, finding = parallel.get(answer.function_id), by_key.get(answer.key)
        if answer.target_model != SERIAL or function is None or finding is None or (answer.function_id, answer.target_model) in known:
            continue
        if finding.accepted and (finding.killing_tests or not kills):
            asked[answer.key] = (function, answer)
    return asked


def proved(asked: Mapping[str, tuple[Function, Answer]], write: WriteTests, verifier: Verifier, state: Path) -> dict[str, Finding]:
    """The findings on answers as the sources of pairs, by their keys.

    Args:
        asked: by `to_prove`.
        write: the tester.
        verifier: of the loop.
        state: folder of the round, where tests and findings are kept for a run that goes on.
    """
    if not asked:
        return {}
    path = state / "tests-proof.json"
    if not path.exists():
        write_json(path, write({key: (function.signature, answer.text) for key, (function, answer) in asked.items()}))
    tests = read_json(path)
    made = [
        Candidate(
            candidate_id=key,
            signature=function.signature,
            source=answer.text,
            target=function.source,
            target_model=function.model,
            tests=tuple(dict.fromkeys((*tests[key], *function.tests))),
        )
        for key, (function, answer) in asked.items()
    ]
    return {f.candidate_id: f for f in findings(made, verifier, state / "findings-proof.json")}
