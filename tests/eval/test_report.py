"""The HTML report: what it shows, what it never lets through, and how it behaves in a browser."""

import json
import math
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hpcraft.cli import main
from hpcraft.errors import InputError
from hpcraft.eval import report
from hpcraft.eval import report_text as text
from hpcraft.eval.models import Null, Reference, Sampling, prompt_hash
from hpcraft.eval.results import Results, TaskRow, level_figures, to_json
from hpcraft.eval.suites import SUITES, kernel_tasks, suite_hash, translation_tasks
from hpcraft.records import Completion, Pair, Sample
from hpcraft.stages import execute
from hpcraft.store import Manifest, ShardWriter, hash_outputs, list_outputs, write_json, write_jsonl, write_manifest, write_text

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

HOSTILE = "</code></pre></script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\x1b[2J\u202e\x00"
SAMPLING = Sampling(samples=1, temperature=0.0, top_p=1.0, max_new_tokens=64, seed=1)


def finish(folder: Path, stage: str, *, seconds: float = 12.5, **said) -> Path:
    """End a stage folder as `hpcraft.stages.execute` does."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = list_outputs(folder)
    facts: dict[str, Any] = {
        "config": {},
        "seed": 1,
        "inputs": {},
        "rows": {},
        "rejections": {},
        "metrics": {},
        "fingerprint": stage,
    } | said
    manifest = Manifest(
        stage=stage,
        outputs=outputs,
        outputs_sha256=hash_outputs(outputs),
        versions={"python": "3.11.7", "hpcraft": "0.1.0", "torch": "2.13.0"},
        host={"system": "Linux", "machine": "x86_64", "cores": 2},
        seconds=seconds,
        created="2026-01-02T03:04:05+00:00",
        **facts,
    )
    write_manifest(folder, manifest)
    return folder


def make_pairs(count: int) -> list[Pair]:
    """Pairs of every origin and level, a third of them held out."""
    loop = "void f{i}(int n, double a, const double *x, double *y)\n{{\n{p}  for (int j = 0; j < n; j++)\n    y[j] += a * x[j] * {i};\n}}\n"
    cuda = (
        "__global__ void k(int n, double a, const double *x, double *y)\n{{\n  int j = blockIdx.x * blockDim.x + threadIdx.x;\n"
        "  if (j < n) y[j] += a * x[j] * {i};\n}}\n"
    )
    return [
        Pair(
            pair_id=f"pair-{i:04d}",
            origin=("made", "mined", "mutual")[i % 3],
            family=f"family-{i % 7}",
            signature=f"void f{i}(int n, double a, const double *x, double *y)",
            source=loop.format(i=i, p=""),
            target=cuda.format(i=i) if i % 2 else loop.format(i=i, p="  #pragma omp parallel for\n"),
            target_model="cuda" if i % 2 else "openmp",
            level="compile" if i % 2 else "run",
            tests=("4 2.0 [4] [4]",),
            mutants_killed=7,
            mutants_total=8,
            package="hypre",
            version="2.28",
            path=f"src/f{i}.c",
            licence="MIT",
            split=("train", "train", "valid", "test")[i % 4] if i % 5 else "test",
        )
        for i in range(count)
    ]


def judged(task, text: str, model: str, *, passed: bool) -> Sample:
    """A judgement as the judge would write it."""
    checks = {
        "build": "pass",
        "correct": "pass" if passed else "fail: y[3] is 1.5, expected 2.25",
        "parallel": "pass",
        "race-free": "skip: serial",
    }
    if not passed and len(text) % 2:
        checks = {"build": "fail: 1 error", "correct": "skip: not built"}
    log = "" if passed else "candidate.c: In function 'f':\ncandidate.c:3:5: error: expected ';' before '}' token\n" + "  note: here\n" * 12
    verdict = "ok" if checks["build"] == "pass" else "compile_error"
    return Sample(
        task_id=task.task_id,
        sample_id=0,
        model=model,
        passed=passed,
        level=task.level,
        checks=checks,
        verdict=verdict,
        seconds=1.25,
        log=log,
    )


def write_results(folder: Path, suite: str, name: str, tasks, samples, completions) -> None:
    """One ``SUITE/MODEL`` folder of a judge stage, by the judge's own records and figures."""
    folder.mkdir(parents=True)
    by_id = {t.task_id: t for t in tasks}
    rows = [TaskRow(**{k: getattr(t, k) for k in TaskRow.__slots__ if k != "prompt_sha256"}, prompt_sha256=prompt_hash(t)) for t in tasks]
    write_jsonl(folder / "tasks.jsonl", rows)
    write_jsonl(folder / "samples.jsonl", samples)
    write_jsonl(folder / "completions.jsonl", completions)
    results = Results(
        suite=suite,
        suite_version=1,
        suite_hash=suite_hash(SUITES[suite], tasks),
        model=name,
        limited=False,
        levels=level_figures(by_id, samples),
        unsupported=[],
        num_tasks=len(tasks),
        seeds={"inputs": 7, "run": 1},
        toolchain={"gcc": "gcc 12.2.0", "nvcc": "nvcc 13.0"},
        isolation={"tier": "bubblewrap"},
        cuda_level="compile",
        versions={"hpcraft": "0.1.0"},
        created="2026-01-02T03:04:05+00:00",
        samples_sha256="0" * 64,
    )
    write_json(folder / "results.json", to_json(results))


def write_judge(folder: Path, pairs: Path) -> None:
    """Both suites for a model under test (right on every third task, hostile on one), reference and null."""
    for suite, tasks in (("kernels", kernel_tasks()), ("translation", translation_tasks(pairs))):
        answers = {
            "hf-model-translator": ("hf:@model/translator", Reference().answer(tasks, SAMPLING)),
            "reference": ("reference", Reference().answer(tasks, SAMPLING)),
            "null": ("null", Null().answer(tasks, SAMPLING)),
        }
        for label, (name, given) in answers.items():
            texts = [a[0] for a in given]
            if label.startswith("hf"):
                texts = [t if i % 3 == 0 else f"{t[: len(t) * 2 // 3]}\n{HOSTILE if i == 1 else ''}" for i, t in enumerate(texts)]
            rights = [label == "reference" or (label.startswith("hf") and i % 3 == 0) for i in range(len(tasks))]
            samples = [judged(t, text, name, passed=right) for t, text, right in zip(tasks, texts, rights, strict=True)]
            completions = [
                Completion(task_id=t.task_id, sample_id=0, completion=text, model=name, prompt_sha256=prompt_hash(t))
                for t, text in zip(tasks, texts, strict=True)
            ]
            write_results(folder / suite / label, suite, name, tasks, samples, completions)


def parts(**sizes: int) -> dict[str, dict[str, int]]:
    """A breakdown as ``mine`` and ``prepare`` count it."""
    return {name.replace("__", "-"): {"files": size // 9000 + 1, "bytes": size} for name, size in sizes.items()}


def write_metrics(path: Path, steps: int) -> None:
    """A training log: the loss falls, validation now and then."""
    lines = []
    for step in range(10, steps + 1, 10):
        loss = 1.4 + 6 * math.exp(-step / 120)
        lines.append({"step": step, "tokens": step * 8192, "seconds": step * 0.3, "split": "train", "loss": loss, "bits_per_byte": None})
        if step % 100 == 0:
            lines.append(lines[-1] | {"split": "valid", "loss": loss + 0.1, "bits_per_byte": (loss + 0.1) * 0.55})
    write_text(path, "".join(json.dumps({"schema": "hpcraft.metric/1", **line}) + "\n" for line in lines))


def make_run(root: Path, num_pairs: int = 120) -> dict[str, Path]:
    """The folders of a whole run; returns input name to folder."""
    packages = parts(hypre=9_200_000, sundials=6_100_000, scalapack=5_400_000, lapack=4_000_000)
    finish(root / "mine", "mine", rows={"files": 2748}, rejections={"too-large": 12, "not-wanted": 300}, metrics={"by_package": packages})
    kept = {
        "by_package": parts(hypre=8_000_000, sundials=5_100_000, scalapack=3_400_000),
        "by_language": parts(c=12_000_000, cpp=1_500_000, fortran=2_700_000, cuda=300_000),
        "by_licence": {"BSD-3-Clause": {"files": 700, "bytes": 9_000_000}, "Apache-2.0 OR MIT": {"files": 500, "bytes": 7_500_000}},
        "by_model": parts(serial=9_000_000, openmp=2_000_000, mpi=5_500_000, cuda=400_000),
        "by_split": parts(train=13_000_000, valid=1_500_000, test=2_000_000),
        "units": {"functions": {"c": 7_100, "fortran": 2_050}, "loops": {"c": 311}},
    }
    finish(root / "prepare", "prepare", rows={"documents": 2100}, rejections={"duplicate": 310, "licence:none": 44}, metrics=kept)
    languages = {
        name: {"documents": 20, "bytes": 100_000, "tokens": n, "broken": 0, "bytes_per_token": 100_000 / n, "tokens_per_byte": n / 100_000}
        for name, n in (("c", 31_000), ("cpp", 33_500), ("cuda", 36_100), ("fortran", 39_900))
    }
    totals = {"vocab_size": 2048, "measured_on": "valid", "bytes_per_token": 2.85, "tokens_per_byte": 0.351}
    write_json(root / "tokenizer" / "report.json", totals | {"languages": languages})
    finish(root / "tokenizer", "tokenizer", rows={"tokens": 2048})
    pairs = make_pairs(num_pairs)
    with ShardWriter(root / "pairs", "pairs", Pair) as writer:
        for pair in pairs:
            writer.write(pair)
    finish(root / "pairs", "pairs", rows={"pairs": len(pairs)}, rejections={"differs": 31, "target:compile_error": 12})
    write_metrics(root / "pretrain" / "metrics.jsonl", 600)
    finish(root / "pretrain", "pretrain", seconds=260, metrics={"parameters": 2_900_000})
    write_metrics(root / "finetune" / "metrics.jsonl", 400)
    finish(root / "finetune", "finetune", seconds=170, notes=["ended by time <b>on a slow machine</b>"])
    rounds = [{"round": i, "translations": 60, "accepted": 9 * i, "rejections": {"differs": 50 - 9 * i}} for i in (1, 2)]
    write_text(root / "mutual" / "rounds.jsonl", "".join(json.dumps(r) + "\n" for r in rounds))
    finish(root / "mutual", "mutual", rows={"pairs": 27})
    write_judge(root / "judge", root / "pairs")
    finish(root / "generate", "generate", rows={"completions": 300})
    finish(root / "judge", "judge", seconds=95, rows={"samples": 300})
    write_text(root / "recipe.yaml", "schema: hpcraft.recipe/1\nname: quickstart\nseed: 1\n")
    write_json(root / "env.json", {"command": ["/some/where/bin/hpcraft", "run", "recipes/quickstart.yaml"]})
    return {name: root / name for name in report.STAGE.inputs}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    """A realistic run: 60 kernel tasks and about 40 translation tasks, three models."""
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def made(inputs) -> Path:
    """The report of that run."""
    out = inputs["judge"].parent / "report"
    execute(report.STAGE, report.ReportConfig(), inputs, out)
    page: Path = out / "report.html"
    return page


class Page(HTMLParser):
    """Collects what a test asks about, and checks that tags are balanced and ids unique."""

    VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(made) -> Page:
    """The report, parsed."""
    return Page(made.read_text())


def test_html_is_well_formed(page):
    """Every tag is closed in order, and no two elements share an id."""
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert [i for i, n in ids.items() if n > 1] == []
    labels = {v for _, name, value in page.attributes if name in ("aria-labelledby", "for") for v in value.split()}
    assert labels <= set(ids)
    targets = {value[1:] for _, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(ids)


def test_nothing_is_loaded_from_elsewhere(made, page):
    """No attribute and no style refers to anything outside the file."""
    references = [v for _, name, v in page.attributes if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href")]
    assert [r for r in references if not r.startswith("#")] == []
    assert page.tags["link"] == page.tags["img"] == page.tags["iframe"] == 0
    style = re.findall(r"<style>.*?</style>", made.read_text(), re.DOTALL)
    assert not re.search(r"@import|url\((?!#)", "".join(style))


def test_size_stays_small(made):
    """A realistic run's page stays below two megabytes."""
    assert made.stat().st_size < 2_000_000


def test_all_sections_show_their_figures(page):
    """Corpus, tokenizer, pairs, training, scores and header hold the figures of the run."""
    words = " ".join(" ".join(page.text).split())
    for expected in (
        "quickstart", "hpcraft run recipes/quickstart.yaml", "24.7 MB", "Fortran", "Apache-2.0 OR MIT", "OpenMP", "duplicate", "7,100", "0.399",
        "2,900,000 parameters", "target:compile_error", "hf-model-translator", "reference", "null", "1.000", "x86_64, 2 cores", "87.5 %",
    ):  # fmt: skip
        assert expected in words, expected
    assert "made without the output" not in words
    assert page.tags["svg"] >= 8


def test_levels_are_never_mixed(made):
    """CUDA's compile level has a table of its own, whose n counts only CUDA tasks."""
    tables = re.findall(r"level “(\w+)”.*?</table>", made.read_text(), re.DOTALL)
    assert Counter(tables) == {"run": 2, "compile": 2}
    compiled = re.search(r"kernels, level “compile”.*?</table>", made.read_text(), re.DOTALL)
    assert compiled is not None
    assert set(re.findall(r'<td class="num">(\d+)</td></tr>', compiled[0])) == {"6"}


def test_hostile_text_is_only_text(made, page):
    """What a model wrote stands in the page as text: one script, ours, and no element of the model's making."""
    assert page.tags["script"] == 1
    assert "document.title='owned'" in "".join(page.text)
    assert not [a for a in page.attributes if a[1].startswith("on")]
    html = made.read_text()
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "⟨U+001B⟩[2J⟨U+202E⟩⟨U+0000⟩" in html


def test_missing_inputs_are_said(tmp_path):
    """With one input alone there is a report, which says what it lacks."""
    finish(tmp_path / "mine", "mine", metrics={"by_package": parts(hypre=1_000_000)})
    done = execute(report.STAGE, report.ReportConfig(title="<b>Mine</b>"), {"mine": tmp_path / "mine"}, tmp_path / "report")
    page = Page((tmp_path / "report" / "report.html").read_text())
    words = " ".join(page.text)
    assert "<b>Mine</b>" in words
    assert words.count("This report was made without the output of") == 5
    assert len(done.manifest.notes) == 8
    assert page.tags["svg"] == 0


def test_no_input_is_one_clear_line(tmp_path, capsys):
    """Without any input the command ends with exit code 3 and says which inputs there are."""
    assert main(["report", "-o", str(tmp_path / "out")]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "mine, prepare, tokenizer" in error


def test_damaged_inputs_are_refused(tmp_path):
    """A torn log, a tokenizer report of another shape and suites of two versions each end in an error that names the file."""
    write_text(tmp_path / "pretrain" / "metrics.jsonl", '{"step": 1, "split": "train"}\n{"step"')
    with pytest.raises(InputError, match=r"metrics.jsonl:2"):
        report.read_page({"pretrain": finish(tmp_path / "pretrain", "pretrain")}, "")
    write_json(tmp_path / "tokenizer" / "report.json", {"languages": {"c": {}}})
    with pytest.raises(InputError, match=r"report.json: no key 'documents'"):
        report.read_page({"tokenizer": finish(tmp_path / "tokenizer", "tokenizer")}, "")
    tasks = kernel_tasks()[:1]
    samples = [judged(tasks[0], "", "null", passed=False)]
    completions = [Completion(task_id=tasks[0].task_id, sample_id=0, completion="", model="null", prompt_sha256="")]
    for label in ("null", "reference"):
        write_results(tmp_path / "judge" / "kernels" / label, "kernels", label, tasks, samples, completions)
    results = json.loads((tmp_path / "judge/kernels/null/results.json").read_text())
    write_json(tmp_path / "judge/kernels/null/results.json", results | {"suite_hash": "another"})
    with pytest.raises(InputError, match="different versions"):
        report.read_page({"judge": finish(tmp_path / "judge", "judge")}, "")


def test_same_inputs_give_same_bytes(inputs, made):
    """The page is a function of its inputs: plots hold no time, no random ids."""
    assert report.render(report.read_page(inputs, "")) == made.read_text()


def test_command_line_makes_a_report(inputs, tmp_path, capsys):
    """`hpcraft report` with one input writes the page, says where, and leaves it alone the second time."""
    words = ["report", "--judge", str(inputs["judge"]), "-o", str(tmp_path / "report")]
    assert main(words) == 0
    assert "report: done" in capsys.readouterr().out
    assert (tmp_path / "report" / "report.html").is_file()
    assert main(words) == 0
    assert "up to date" in capsys.readouterr().out


def test_long_and_odd_texts_are_made_visible():
    """Long text is cut in the middle and says so; what has no glyph, or can't be written as UTF-8, is named."""
    cut = text.visible("a" * 500 + "b" * 500, 300)
    assert cut.startswith("a" * 200)
    assert cut.endswith("b" * 100)
    assert "700 characters left out" in cut
    assert text.visible("\ud800 \u2066x\r\n\ty é→").encode() == "⟨U+D800⟩ ⟨U+2066⟩x\n\ty é→".encode()


def test_figures_carry_their_units():
    """Sizes are decimal, times are for people, and no share that isn't zero reads as zero."""
    assert [text.num_bytes(n) for n in (0, 999, 1500, 24_700_000, 3_210_000_000)] == ["0 B", "999 B", "1.50 kB", "24.7 MB", "3.21 GB"]
    assert [text.duration(s) for s in (0.42, 185, 7_800)] == ["0.4 s", "3 min 05 s", "2 h 10 min"]
    assert [text.percent(s) for s in (0, 0.00001, 0.5, 1)] == ["0.0 %", "<0.1 %", "50.0 %", "100.0 %"]


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def tab(made):
    """The report in headless Chromium, every request beyond the file refused and recorded."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page()
        tab.problems = []
        tab.on("request", lambda request: request.url.startswith("file://") or tab.problems.append(request.url))
        tab.on("console", lambda message: message.type == "error" and tab.problems.append(message.text))
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        tab.goto(made.as_uri())
        yield tab
        browser.close()


@needs_chromium
def test_hostile_text_is_inert_in_a_browser(tab):
    """Opening every answer runs nothing of a model's, loads nothing, and logs no error."""
    tab.click("#open-all")
    tab.wait_for_timeout(200)
    assert "owned" not in tab.title()
    assert tab.problems == []
    tab.click("#close-all")


@needs_chromium
def test_filters_narrow_the_list(tab):
    """Suite, model, result and search each narrow the list; clearing shows all again."""
    status = tab.locator("#shown")
    total = tab.locator("details.task").count()
    assert status.inner_text().startswith(f"Showing {total} of {total} tasks")
    tab.select_option("select[name=suite]", "kernels")
    assert status.inner_text() == f"Showing 60 of {total} tasks, 180 answers."
    tab.select_option("select[name=model]", "hf-model-translator")
    tab.select_option("select[name=result]", "passed")
    assert status.inner_text() == f"Showing 20 of {total} tasks, 20 answers."
    tab.fill("input[name=words]", "kernels/AXPY/")
    shown = tab.locator("details.task:visible").count()
    assert 0 < shown < 10
    tab.click("button[type=reset]")
    tab.wait_for_function("n => document.getElementById('shown').textContent.startsWith(`Showing ${n} of`)", arg=total)


@needs_chromium
def test_links_open_their_task(tab):
    """A mark in the grid leads to its task and opens it, also when a filter hid it."""
    tab.select_option("select[name=suite]", "translation")
    tab.click("table.matrix td a >> nth=0")
    tab.wait_for_function("document.querySelector('details.task[open]:not([hidden])') !== null")
    assert tab.locator("details.task[open]").count() == 1


@needs_chromium
def test_fits_a_phone(tab):
    """At phone width the page itself never scrolls sideways."""
    tab.set_viewport_size({"width": 360, "height": 740})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
