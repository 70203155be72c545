"""What a model answered to a task, and how it was judged: records as in `hpcraft.records`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """What a model answered to one task."""

    SCHEMA: ClassVar[str] = "hpcraft.completion/1"

    task_id: str
    sample_id: int
    completion: str
    model: str
    prompt_sha256: str
    sampling: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why an answer failed one check, and where it showed first; what isn't known of the place is zero, empty or None."""

    SCHEMA: ClassVar[str] = "hpcraft.failure/1"

    check: str
    """As in `Sample.checks`."""
    why: str
    """In words, without the place."""
    size: str = ""
    """The scalar arguments of the call, such as ``n=1009, a=0.5``."""
    call: int = 0
    """From 1, in its round."""
    num_calls: int = 0
    """Of that round."""
    threads: int = 0
    ranks: int = 0
    schedule: int = 0
    """Emulated CUDA: the order of blocks."""
    output: str = ""
    """The array, or ``return value``."""
    index: int | None = None
    """Of the first wrong element."""
    got: str = ""
    """As text, because JSON has no NaN and its numbers are not exact."""
    expected: str = ""
    tolerance: float | None = None
    """Largest difference allowed at that element; None where it isn't a matter of rounding."""
    num_wrong: int = 0
    num_elements: int = 0

    @property
    def started(self) -> str:
        """How the program was started, for people; empty where there was nothing to choose."""
        parts = [f"{n} {what}{'s' * (n > 1)}" for n, what in ((self.ranks, "rank"), (self.threads, "thread")) if n]
        if self.schedule:
            parts.append(f"the blocks in the order {self.schedule}")
        return " and ".join(parts)

    @property
    def words(self) -> str:
        """For people: how the program was started, the call, and what was wrong with it."""
        place = f"with {self.started}: " if self.started else ""
        size = f" ({self.size})" if self.size else ""
        return place + (f"call {self.call} of {self.num_calls}{size}: " if self.call else "") + self.why


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """The judgement of one completion: one line of ``samples.jsonl``."""

    SCHEMA: ClassVar[str] = "hpcraft.sample/1"

    task_id: str
    sample_id: int
    model: str
    passed: bool
    level: str
    """A `Level`; levels are never mixed in one figure."""
    checks: Mapping[str, str]
    """Check name (``build``, ``honest``, ``correct``, ``parallel``, ``race-free``) to ``pass``, ``fail: why`` or ``skip: why``."""
    verdict: str
    """The sandbox's verdict of the step that decided."""
    seconds: float
    """Wall time of judging."""
    log: str
    """The compiler's and the program's words, capped."""
    timings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By number of cores: the fields of `hpcraft.eval.performance.Timing`. Empty where nothing was timed."""
    instructions: Mapping[str, float | None] = field(default_factory=dict)
    """By number of cores, beside ``timings``: how many a timed call executed, of all threads and ranks (median); null where nothing counted."""
    uncounted: str = ""
    """Why ``instructions`` has a null."""
    failures: tuple[Failure, ...] = ()
    """One for each check that failed, in the order in which that was found."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """What was measured in place of a judgement, by name, as suite ``perplexity`` does."""
