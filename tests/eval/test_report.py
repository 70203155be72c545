"""The HTML report: what it shows, what it never lets through, and how it behaves in a browser."""

import json
import re
import shutil
import time
from collections import Counter
from html import unescape
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.cli import main
from hpcraft.errors import InputError
from hpcraft.eval import report, report_scores
from hpcraft.eval import report_text as text
from hpcraft.eval.report_code import highlight, linked, numbered, told_lines
from hpcraft.eval.report_corpus import read_corpus
from hpcraft.eval.suites import kernel_tasks
from hpcraft.samples import Completion
from hpcraft.stages import execute
from hpcraft.store import write_json, write_text


def _load_run():
    """The module that stands beside this one; test folders are no packages."""
    spec = spec_from_file_location("hpcraft_report_run", Path(__file__).with_name("report_run.py"))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made_up = _load_run()
finish, parts, judged, write_results = made_up.finish, made_up.parts, made_up.judged, made_up.write_results
Page = made_up.Page

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A realistic run: 60 kernel tasks and about 40 translation tasks, three models."""
    return made_up.make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def made(inputs):
    """The report of that run."""
    out = inputs["judge"].parent / "report"
    execute(report.STAGE, report.ReportConfig(), inputs, out)
    return out / "report.html"


@pytest.fixture(scope="module")
def page(made):
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
    """No attribute and no style refers to anything but the pages of the answers, and those are there."""
    references = [v for _, name, v in page.attributes if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href")]
    others = {r.partition("#")[0] for r in references if not r.startswith("#")}
    assert all(r.startswith("samples/") and (made.parent / r).is_file() for r in others), others
    assert len(others) == 1 + 324
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
        "2,900,000 parameters", "target:compile_error", "hf-model-translator", "reference", "null", "1.000", "x86_64, 2 cores", "87.5 %", "nothing to learn from", "Refused: differs", "translator, round 1: 60 steps",
    ):  # fmt: skip
        assert expected in words, expected
    assert "made without the output" not in words
    assert page.tags["svg"] >= 8


def test_copies_leaks_and_benchmarks_have_rows(page, tmp_path):
    """What prepare found twice or in a benchmark is told; what it didn't look for isn't, and nothing found is a zero."""
    words = " ".join(" ".join(page.text).split())
    for expected in (
        "Near duplicates of another file, removed 187", "too like one of another split, removed 3", "as alike as 0.7, left 0",
        "a text of suite kernels, removed 6", "Copies, leaks and benchmarks", "MPI programs", "CUDA 0 0 0 58",
    ):  # fmt: skip
        assert expected in words, expected
    finish(tmp_path / "clean", "prepare", metrics={"contamination": {}})
    corpus = read_corpus(None, tmp_path / "clean")
    assert corpus is not None
    assert corpus.copies == (("Files and units with a text of a suite", 0),)


def test_levels_are_never_mixed(made):
    """The level of CUDA has a table of its own, whose n counts only CUDA tasks."""
    tables = re.findall(r"level “(\w+)”.*?</table>", made.read_text(), re.DOTALL)
    assert Counter(tables) == {"run": 2, "compile": 1, "emulate": 1}
    compiled = re.search(r"kernels, level “emulate”.*?</table>", made.read_text(), re.DOTALL)
    assert compiled is not None
    assert set(re.findall(r'<td class="num">(\d+)</td></tr>', compiled[0])) == {"6"}


def test_every_figure_says_what_it_is():
    """pass@k first, then build@k, speed, and figures without a number of tries; each with words for people."""
    names = [
        "pass@1",
        "pass@10",
        "build@1",
        "fast_1@1",
        "efficiency_2@1",
        "speedup_2@1",
        "speedup_2@5",
        "speedup_max@1",
        "bleu",
        "proficiency",
    ]
    assert sorted(set(names), key=report_scores._order) == [*names[:8], *sorted(names[8:])]
    figure = {"value": 0.5, "ci95": [0.25, 0.75], "n": 4}
    levels = {"hf-model": {"metrics": dict.fromkeys([*names, "codebleu-hpc", "parableu-hpc", "chrf", "codebleu"], figure)}}
    meanings = {name: report_scores._metric(name, levels).meaning for name in levels["hf-model"]["metrics"]}
    assert all(meanings.values())
    assert meanings["pass@10"] == "at least one of 10 answers passes every check"
    assert meanings["speedup_max@1"].startswith("speed-up over the sequential reference on the best number of cores")
    assert "2 cores" in meanings["efficiency_2@1"]


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


@given(st.text(max_size=300), st.sampled_from(["c", "cpp", "cuda", "fortran", "other"]))
def test_highlighting_changes_no_text(code, language):
    """Whatever the code, its text content stays what it was, and every sign of HTML in it is escaped."""
    marked = str(highlight(code, language))
    assert unescape(re.sub(r'</?i(?: class="[cdkps]")?>', "", marked)) == code
    assert not re.search(r"<(?!/?i[ >])", marked)


@given(st.text(max_size=300), st.sampled_from(["c", "cpp", "cuda", "fortran", "other"]))
def test_numbered_code_is_the_code(code, language):
    """Its text content stays what it was, each line has its number, and only those that were told are marked."""
    marked = str(numbered(code, language, {2}))
    lines = re.findall(r'<span id="L(\d+)"( class="told")?>', marked)
    assert [int(n) for n, _ in lines] == list(range(1, code.count("\n") + 2))
    assert [int(n) for n, told in lines if told] == [2] * ("\n" in code)
    assert unescape(re.sub(r'</?(?:i|span)(?: id="L\d+")?(?: class="(?:[cdkps]|told)")?>', "", marked)) == code


def test_comments_over_several_lines_stay_comments():
    """A piece that goes on on the next line is closed on each and opened again."""
    assert numbered("/* a\nb */", "c") == '<span id="L1"><i class="c">/* a</i></span>\n<span id="L2"><i class="c">b */</i></span>'


def test_messages_lead_to_their_lines():
    """Places in the answer become links, places beyond it and in other files don't, and the rest is escaped."""
    log = "candidate.c:3:5: error: <x>\ndriver.c:2: note\ncandidate.c:900: no\nmycandidate.c:1:"
    assert told_lines(log) == {3, 900}
    assert linked(log, 10) == (
        '<a href="#L3">candidate.c:3:5</a>: error: &lt;x&gt;\ndriver.c:2: note\ncandidate.c:900: no\nmycandidate.c:1:'
    )


def test_heads_are_cut_at_their_end():
    """By characters and by lines, whichever is less, so that line numbers stay true."""
    assert text.head("a\r\nb\n", 100, 10) == "a\nb\n"
    assert text.head("abcdef", 4, 10) == "abcd\n[… 2 characters left out here …]"
    assert text.head("a\nb\nc\n", 100, 2) == "a\nb\n[… 3 characters left out here …]"
    assert text.head("", 10, 10) == ""


def test_directives_stand_out():
    """OpenMP directives are marked as such in C and in Fortran, up to the end of the line and what continues it."""
    assert '<i class="d">#pragma omp parallel for \\\n private(x)</i>\n' in highlight(
        "#pragma omp parallel for \\\n private(x)\n x = 1;", "c"
    )
    assert highlight("!$omp parallel do\n! words", "fortran") == '<i class="d">!$omp parallel do</i>\n<i class="c">! words</i>'


def test_hostile_code_is_marked_quickly():
    """Text that is slow to read for a lexer with backtracking takes no time here."""
    begin = time.monotonic()
    for code in ("int f" + " " * 6000, "/*" * 3000, '"\\' * 3000, "(" * 6000):
        highlight(code, "cuda")
    assert time.monotonic() - begin < 2


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
