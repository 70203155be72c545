"""A verifier that refuses code which plays tricks on its checks before anything is run.

Code may be hidden from the sanitizers and the race detector, or change what the compiler is told. A model that is taught by its own answers finds such code
first. The look at it is an argument, because ``train`` doesn't know ``eval``. Whether work is shared at all is the verifier's to say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from hpcraft.data.target_models import TARGET_MODELS
from hpcraft.errors import InputError
from hpcraft.sandbox.abi import Signature
from hpcraft.verification import Candidate, Finding, Verifier

Honesty = Callable[[str, str, str], str]
"""Target model, code and name of the entry point to why the code isn't honest; empty when nothing speaks against it."""

NOT_HONEST = "not-honest"


class Honest:
    """A verifier behind a look at the code; findings come in the order of the candidates, as the verifier gives them."""

    def __init__(self, verifier: Verifier, honesty: Honesty) -> None:
        """Put the look in front."""
        self._verifier, self._honesty = verifier, honesty

    def __call__(self, candidates: Iterable[Candidate]) -> Iterator[Finding]:
        """Refuse with the reason ``not-honest`` what isn't, and have the rest verified."""
        refused: deque[Finding | None] = deque()  # a None for one that the verifier has

        def honest() -> Iterator[Candidate]:
            for candidate in candidates:
                why = self._why(candidate)
                refused.append(_refusal(candidate, why) if why else None)
                if not why:
                    yield candidate

        for finding in self._verifier(honest()):
            yield from _leading(refused)
            refused.popleft()
            yield finding
        yield from _leading(refused)

    def _why(self, candidate: Candidate) -> str:
        if candidate.target_model not in TARGET_MODELS:
            return ""
        try:
            entry = Signature.parse(candidate.signature).name
        except InputError:
            return ""  # the verifier has its own word for that
        return self._honesty(candidate.target_model, candidate.target, entry)


def _leading(refused: deque[Finding | None]) -> Iterator[Finding]:
    while refused and (finding := refused[0]):
        refused.popleft()
        yield finding


def _refusal(candidate: Candidate, why: str) -> Finding:
    return Finding(
        candidate_id=candidate.candidate_id,
        accepted=False,
        reason=NOT_HONEST,
        level="",
        valid_tests=(),
        killing_tests=(),
        mutants_killed=0,
        mutants_total=0,
        log=why,
    )
