"""A page for each judged answer, in a folder beside the report, and a page that lists them all.

Theory of operation. The judge folder is read twice: first for the list, of which a few words are kept for each answer, then answer by answer,
each page written before the next answer is read. A page stands alone: it holds its style and plots, runs no script, loads nothing. All of its
text is escaped by the template engine, what can't be seen is named (`hpcraft.eval.report_text`), and what is too long is cut and told. What was
compiled is found again in the answer as the judge found it, so that the compiler's line numbers fit.

Not covered: inputs and whole outputs of calls, which are nowhere kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from hpcraft.errors import HpcError, InputError
from hpcraft.eval.extract import extract
from hpcraft.eval.judging import CHECKS
from hpcraft.eval.report_answers import FOLDER, INDEX, Check, checks_of, failed_checks, judged_answers, page_name, result_of
from hpcraft.eval.report_code import highlight, linked, numbered, told_lines
from hpcraft.eval.report_frames import Timed, roofline_plot, speedup_plot
from hpcraft.eval.report_html import environment, script, style
from hpcraft.eval.report_tasks import kind_of, label_order, language_of
from hpcraft.eval.report_text import LANGUAGES, MODELS, head, visible
from hpcraft.eval.results import SAMPLES, TASKS, TaskRow, find_results, read_results
from hpcraft.eval.task import Task
from hpcraft.samples import Failure, Sample
from hpcraft.store import read_jsonl, write_text

_CODE_CHARACTERS, _CODE_LINES = 40_000, 1_500
_ANSWER_CHARACTERS, _ANSWER_LINES = 20_000, 1_500
_PROMPT_CHARACTERS, _PROMPT_LINES = 10_000, 500
_LOG_CHARACTERS = 20_000
_SIBLINGS = 60
"""Other answers to the same task that a page leads to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What the list says of an answer."""

    label: str
    """Of the model."""
    sample_id: int
    result: str
    failed: tuple[str, ...]
    """The checks that failed, or the verdict; empty when it passed."""
    states: str
    """A letter for each check: ``p``, ``f`` or ``s``."""
    page: str

    @property
    def why(self) -> str:
        """The first of what failed."""
        return next(iter(self.failed), "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The answers of one model to one task."""

    suite: str
    task: TaskRow
    label: str
    cards: list[Card] = field(default_factory=list)

    @property
    def language(self) -> str:
        """As people write it."""
        return LANGUAGES.get(language_of(self.task), self.task.language)

    @property
    def parallel(self) -> str:
        """The parallel model as people write it."""
        return MODELS.get(self.task.model, self.task.model)


class Written(NamedTuple):
    """What was written."""

    pages: int
    num_bytes: int


def write_samples(out: Path, judge: Path, title: str, version: str) -> Written:
    """Write ``samples/`` below ``out``.

    Raises:
        InputError: the judge folder is damaged.
    """
    folders = {(read_results(path).suite, path.name): path for path in find_results(judge)}
    rows = _side_by_side([row for (suite, label), path in folders.items() for row in _rows(suite, label, path)])
    (out / FOLDER).mkdir(parents=True, exist_ok=True)
    index = _index(rows, title, version)
    write_text(out / INDEX, index)
    by_task: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        by_task[row.suite, row.task.task_id].append(row)
    pages, num_bytes = 0, len(index.encode())
    for (suite, label), path in folders.items():
        own = {(row.task.task_id, c.sample_id): (row, c) for row in rows if (row.suite, row.label) == (suite, label) for c in row.cards}
        order = [card for _, card in own.values()]
        for at, (sample, completion) in enumerate(judged_answers(path)):
            row, card = own[sample.task_id, sample.sample_id]
            around = Around(
                before=order[at - 1] if at else None,
                after=order[at + 1] if at + 1 < len(order) else None,
                siblings=_siblings(by_task[suite, sample.task_id], card),
            )
            page = _page(row, card, sample, completion, around, title, version).encode()
            # Not flushed one by one, as `write_text` does: the report's manifest, written last, has the hash of each page.
            (out / FOLDER / card.page).write_bytes(page)
            pages, num_bytes = pages + 1, num_bytes + len(page)
    return Written(pages, num_bytes)


# ---------------------------------------------------------------- the list


def _rows(suite: str, label: str, folder: Path) -> Iterator[Row]:
    """A model's answers by task, in the order of its samples."""
    tasks = {t.task_id: t for t in read_jsonl(folder / TASKS, TaskRow)}
    rows: dict[str, Row] = {}
    for sample in read_jsonl(folder / SAMPLES, Sample):
        task = tasks.get(sample.task_id)
        if task is None:
            raise InputError(f"{folder}: no task {sample.task_id} for sample {sample.sample_id}; judge again")
        rows.setdefault(task.task_id, Row(suite=suite, task=task, label=label)).cards.append(_card(suite, label, sample))
    yield from rows.values()


def _side_by_side(rows: Sequence[Row]) -> list[Row]:
    """By suite and task in the order of the first model that has them; then by model, those under test first."""
    places: dict[tuple[str, str], int] = {}
    for row in rows:
        places.setdefault((row.suite, row.task.task_id), len(places))
    return sorted(rows, key=lambda r: (r.suite, places[r.suite, r.task.task_id], label_order(r.label)))


def _card(suite: str, label: str, sample: Sample) -> Card:
    return Card(
        label=label,
        sample_id=sample.sample_id,
        result=result_of(sample),
        failed=tuple(visible(name, 40) for name in failed_checks(sample)),
        states="".join(state[:1] for state in sample.checks.values()),
        page=page_name(suite, label, sample.task_id, sample.sample_id),
    )


def _index(rows: Sequence[Row], title: str, version: str) -> str:
    own = script("samples")
    shown = {
        "suites": [r.suite for r in rows],
        "models": [r.label for r in rows],
        "languages": [r.language for r in rows],
        "parallels": [r.parallel for r in rows],
        "kernels": sorted({r.task.group for r in rows}),
        "checks": [name for r in rows for c in r.cards if c.result == "failed" for name in c.failed],
    }
    return (
        environment()
        .get_template("samples.html.jinja")
        .render(
            rows=rows,
            choices={name: list(dict.fromkeys(values)) for name, values in shown.items()},
            checks=CHECKS,
            title=title,
            version=version,
            style=style("base", "report", "samples"),
            script=own.text,
            script_hash=own.digest,
        )
    )


# ---------------------------------------------------------------- one page


@dataclass(frozen=True, kw_only=True, slots=True)
class Around:
    """Where a page leads to."""

    before: Card | None
    after: Card | None
    siblings: Mapping[str, Sequence[Card]]
    """Other answers to the same task, by model."""


def _siblings(rows: Sequence[Row], card: Card) -> dict[str, list[Card]]:
    """All answers to the task that ``card`` answers, its own model's first; one alone has none."""
    found: dict[str, list[Card]] = {}
    room = _SIBLINGS
    for row in sorted(rows, key=lambda r: r.label != card.label):
        found[row.label] = row.cards[:room]
        room -= len(found[row.label])
    found = {label: cards for label, cards in found.items() if cards}
    return {} if sum(map(len, found.values())) == 1 else found


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """How fast an answer was."""

    timings: tuple[Timed, ...]
    speedup: str
    """SVG, as the next one; empty where there is nothing to plot."""
    roofline: str
    counted: str
    """How many instructions a call took, or why nobody knows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A failed check, with what is known of the place."""

    check: str
    why: str
    facts: tuple[tuple[str, str], ...]
    call: int
    num_calls: int


def _page(row: Row, card: Card, sample: Sample, completion: str, around: Around, title: str, version: str) -> str:
    from markupsafe import Markup

    language = language_of(row.task)
    compiled = _compiled(row.task, completion).rstrip("\n")
    code = head(compiled, _CODE_CHARACTERS, _CODE_LINES) if compiled else ""
    log = visible(sample.log, _LOG_CHARACTERS)
    same = compiled.strip() == completion.strip()
    speed = _speed(sample)
    return (
        environment()
        .get_template("sample.html.jinja")
        .render(
            row=row,
            card=card,
            kind=kind_of(row.task),
            sample=sample,
            checks=_checks(sample),
            faults=[_fault(f) for f in sample.failures],
            speed=speed,
            plots=[Markup(plot) for plot in (speed.speedup, speed.roofline)] if speed else [],  # noqa: S704 - ours, of numbers
            code=numbered(code, language, told_lines(log)) if code else "",
            code_size=len(compiled),
            answer="" if same else highlight(head(completion, _ANSWER_CHARACTERS, _ANSWER_LINES), "" if code else language),
            answer_size=len(completion),
            log=linked(log, code.count("\n") + 1 if code else 0),
            prompt=highlight(head(row.task.prompt, _PROMPT_CHARACTERS, _PROMPT_LINES), language),
            around=around,
            title=title,
            version=version,
            style=style("base", "sample"),
        )
    )


def _compiled(task: TaskRow, completion: str) -> str:
    """What the judge compiled of an answer; empty where that isn't known, or nothing was."""
    if not task.prototype:
        return ""
    asked = Task(
        task_id=task.task_id,
        prompt=task.prompt,
        stem=task.stem,
        language=task.language,
        model=task.model,
        level=task.level,
        group=task.group,
        prototype=task.prototype,
        reference="",
    )
    try:
        return extract(asked, completion).code
    except HpcError:  # a prototype that this version can't read
        return ""


def _checks(sample: Sample) -> tuple[Check, ...]:
    """With the words of failed checks left to their place."""
    known = {f.check for f in sample.failures}
    return tuple(Check(name=c.name, state=c.state, why="" if c.state == "fail" and c.name in known else c.why) for c in checks_of(sample))


def _fault(failure: Failure) -> Fault:
    element = f"{failure.output}[{failure.index}]" if failure.index is not None and failure.output != "return value" else failure.output
    facts = {
        "Size": failure.size,
        "Started with": failure.started,
        "Call": f"{failure.call} of {failure.num_calls}" if failure.call else "",
        "First wrong": element,
        "Got": failure.got,
        "Expected": failure.expected,
        "Difference allowed": f"{failure.tolerance:.3g}" if failure.tolerance is not None else "",
        "Wrong elements": f"{failure.num_wrong:,} of {failure.num_elements:,}" if failure.num_elements else "",
    }
    return Fault(
        check=failure.check,
        why=visible(failure.why, 600),
        facts=tuple((name, visible(value, 300)) for name, value in facts.items() if value),
        call=failure.call,
        num_calls=failure.num_calls,
    )


def _speed(sample: Sample) -> Speed | None:
    """None where nothing was timed."""
    timings = tuple(_timed(int(cores), found) for cores, found in sorted(sample.timings.items(), key=lambda item: int(item[0])))
    if not timings:
        return None
    return Speed(timings=timings, speedup=speedup_plot(timings), roofline=roofline_plot(timings), counted=_counted(sample))


def _counted(sample: Sample) -> str:
    known = [(cores, count) for cores, count in sample.instructions.items() if count is not None]
    words = [f"{count:.4g} on {cores} core{'s' * (cores != '1')}" for cores, count in sorted(known, key=lambda item: int(item[0]))]
    if words:
        return f"Instructions of a call: {', '.join(words)}."
    return f"Instructions were not counted: {sample.uncounted}." if sample.uncounted else ""


def _timed(cores: int, found: Mapping[str, float]) -> Timed:
    """A timing; what those of before don't say is not known."""
    return Timed(
        cores=cores,
        seconds=found["seconds"],
        spread=found.get("spread", 0.0),
        baseline_seconds=found["baseline_seconds"],
        num_bytes=found.get("num_bytes", 0.0),
        flops=found.get("flops", 0.0),
        most_bandwidth=found.get("most_bandwidth", 0.0),
        most_flops=found.get("most_flops", 0.0),
    )
