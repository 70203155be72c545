"""Stage ``report``: the whole run on one HTML page that holds everything it shows, and a page for each answer beside it.

No page loads anything: styles, the filter script and the plots (SVG, see `hpcraft.eval.report_plots`) stand inside, and a
content security policy forbids the rest. All text is escaped by the template engine; what models wrote is hostile.
Every input is optional: a section whose input is missing says so.
Not covered: comparing runs; `hpcraft eval compare` and the leaderboard do that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpcraft.errors import InputError
from hpcraft.eval import report_text as text
from hpcraft.eval.report_corpus import Corpus, read_corpus
from hpcraft.eval.report_html import environment, script, style
from hpcraft.eval.report_origin import Origin, read_origin
from hpcraft.eval.report_pairs import Pairs, read_pairs
from hpcraft.eval.report_rounds import Rounds, read_rounds
from hpcraft.eval.report_samples import write_samples
from hpcraft.eval.report_scores import SuiteView, headline, read_suites
from hpcraft.eval.report_tasks import TaskView
from hpcraft.eval.report_tokenizer import Tokenizer, read_tokenizer
from hpcraft.eval.report_training import Curve, read_curves
from hpcraft.stages import Input, Report, Stage, Work, option
from hpcraft.store import write_text

PAGE = "report.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportConfig:
    """How the page is headed."""

    title: str = option("", help="heading of the page; empty takes the recipe's name")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """One figure at the top of the page."""

    title: str
    value: str
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Everything that the template shows; a section without data is None or empty."""

    origin: Origin
    corpus: Corpus | None
    tokenizer: Tokenizer | None
    pairs: Pairs | None
    curves: tuple[Curve, ...]
    """Of pre-training and fine-tuning."""
    rounds: Rounds | None
    round_curves: tuple[Curve, ...]
    """Of the trainings within the rounds."""
    suites: tuple[SuiteView, ...]
    absent: tuple[str, ...]
    """Inputs that weren't given."""

    @property
    def tasks(self) -> list[TaskView]:
        """The tasks of all suites."""
        return [t for s in self.suites for t in s.tasks]

    @property
    def models(self) -> list[str]:
        """Labels of all models, those under test first."""
        return list(dict.fromkeys(m for s in self.suites for m in s.models))

    @property
    def tiles(self) -> list[Tile]:
        """The figures that a reader looks for first."""
        return list(_tiles(self))


def run(config: ReportConfig, work: Work) -> Report:
    """Read what was given, write ``report.html`` and ``samples/``."""
    if not work.inputs:
        raise InputError(f"report: no input; give the folder of at least one of {', '.join(STAGE.inputs)}")
    page = read_page(work.inputs, config.title)
    html = render(page)
    write_text(work.out / PAGE, html)
    report = Report(rows={"tasks": len(page.tasks)}, metrics={"bytes": len(html.encode())})
    report.notes += [f"the report lacks {name}: its folder was not given" for name in page.absent]
    if judge := work.inputs.get("judge"):
        written = write_samples(work.out, judge, page.origin.title, page.origin.version)
        report.rows["pages"] = written.pages
        report.metrics["bytes_of_pages"] = written.num_bytes
    return report


def read_page(inputs: Mapping[str, Path], title: str) -> Page:
    """Everything that the page shows, from the stages' folders.

    Raises:
        InputError: a folder is unfinished or damaged.
    """
    trained = [inputs[name] for name in ("pretrain", "finetune") if name in inputs]
    tokenizer, judge, mutual = (inputs.get(name) for name in ("tokenizer", "judge", "mutual"))
    return Page(
        origin=read_origin(inputs, title),
        corpus=read_corpus(inputs.get("mine"), inputs.get("prepare")),
        tokenizer=read_tokenizer(tokenizer) if tokenizer else None,
        pairs=read_pairs(inputs[name] for name in ("pairs", "mutual") if name in inputs),
        curves=tuple(curve for folder in trained for curve in read_curves(folder)),
        rounds=read_rounds(mutual) if mutual else None,
        round_curves=tuple(read_curves(mutual)) if mutual else (),
        suites=tuple(read_suites(judge)) if judge else (),
        absent=tuple(name for name in STAGE.inputs if name not in inputs),
    )


def render(page: Page) -> str:
    """The page as HTML."""
    own = script("report")
    template = environment().get_template("report.html.jinja")
    return template.render(page=page, style=style("base", "report"), script=own.text, script_hash=own.digest)


def _tiles(page: Page) -> Iterator[Tile]:
    if (c := page.corpus) and c.mined_files is not None and c.mined_bytes is not None:
        yield Tile(title="Mined", value=text.num_bytes(c.mined_bytes), meaning=f"{c.mined_files:,} files from {c.packages} packages")
    if (c := page.corpus) and c.kept_files is not None and c.kept_bytes is not None:
        yield Tile(title="Kept", value=text.num_bytes(c.kept_bytes), meaning=f"{c.kept_files:,} files, cleaned and licensed")
    if t := page.tokenizer:
        yield Tile(
            title="Tokens per byte", value=f"{t.tokens_per_byte:.3f}", meaning=f"{t.bytes_per_token:.2f} bytes per token, all languages"
        )
    if p := page.pairs:
        ran = sum(g.rows for g in p.groups if g.level != "compile")
        yield Tile(title="Verified pairs", value=f"{p.total:,}", meaning=f"{ran:,} of them ran on both sides and agreed")
    for curve in page.curves:
        if curve.stage == "pretrain" and curve.valid_bits is not None:
            size = f", {text.short(curve.parameters)} parameters" if curve.parameters else ""
            yield Tile(title="Pre-training ended at", value=f"{curve.valid_bits:.2f} bits", meaning=f"per byte of validation code{size}")
    for suite, table, row in headline(page.suites):
        right = round(row.score.value * row.score.n)
        meaning = f"{right} of {row.score.n} tasks passed at the first try by {row.model}; {table.words}"
        yield Tile(title=f"Suite {suite.name}, {table.level}", value=text.percent(row.score.value), meaning=meaning)


def _inputs() -> dict[str, Input]:
    about = {
        "mine": "what was mined",
        "prepare": "what was kept",
        "tokenizer": "tokens per byte",
        "pairs": "verified pairs",
        "pretrain": "curves of pre-training",
        "finetune": "curves of fine-tuning",
        "mutual": "rounds of mutual supervision",
        "generate": "how answers were drawn",
        "judge": "scores, tasks and answers",
    }
    return {name: Input(stage=name, help=f"folder of `{name}`: {words}", optional=True) for name, words in about.items()}


STAGE = Stage(
    name="report",
    summary="write the HTML report of a run",
    example="hpcraft report --judge runs/quickstart/judge --mine runs/quickstart/mine -o report",
    config=ReportConfig,
    inputs=_inputs(),
    run=run,
    version=2,
)
COMMAND = STAGE.command
