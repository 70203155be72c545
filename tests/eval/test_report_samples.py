"""The pages of single answers: what they show of a failure and of speed, what hostile answers can't do, and the list of them all."""

import json
import re
import shutil
import time
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcraft.errors import InputError
from hpcraft.eval import report, report_answers, report_tasks
from hpcraft.eval.report_samples import write_samples
from hpcraft.eval.suites import kernel_tasks
from hpcraft.samples import Completion, Failure, Sample
from hpcraft.stages import execute
from hpcraft.store import append_jsonl, read_jsonl, to_line, write_jsonl


def _load_run():
    """The module that stands beside this one; test folders are no packages."""
    spec = spec_from_file_location("hpcraft_report_run", Path(__file__).with_name("report_run.py"))
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


made_up = _load_run()
TASKS = [t for t in kernel_tasks() if t.group == "axpy" and t.model in ("serial", "openmp") and t.language in ("c", "fortran")]
CHROMIUM = shutil.which("chromium")


def completion(task, answer, sample_id=0):
    """What a model answered."""
    return Completion(task_id=task.task_id, sample_id=sample_id, completion=answer, model="m", prompt_sha256="")


def pages_of(root, answers, suite="kernels", label="m"):
    """Judge folder and pages of (task, answer, passed) triples; gives the folder of the pages."""
    counted = [(task, answer, passed, sum(t is task for t, _, _ in answers[:i])) for i, (task, answer, passed) in enumerate(answers)]
    samples = [made_up.judged(task, answer, label, passed=passed, sample_id=n) for task, answer, passed, n in counted]
    completions = [completion(task, answer, n) for task, answer, _, n in counted]
    made_up.write_results(root / "judge" / suite / label, suite, label, TASKS, samples, completions)
    write_samples(root, root / "judge", "a run", "0.1.0")
    return root / "samples"


def only_page(folder):
    """The page of the one answer there is."""
    (path,) = (p for p in folder.glob("*.html") if p.name != "index.html")
    return path


# ---------------------------------------------------------------- a whole report


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The report on two models with three answers to each task, right ones and wrong ones."""
    root = tmp_path_factory.mktemp("samples")
    for label in ("good", "<i>bad</i>"):
        samples, completions = [], []
        for task in TASKS:
            for n in range(3):
                right = label == "good" or n == 2
                answer = task.reference if right else task.reference.replace("+=", "-=") + f"// {n}"
                samples.append(made_up.judged(task, answer, label, passed=right, sample_id=n))
                completions.append(completion(task, answer, n))
        folder = root / "judge" / "kernels" / re.sub(r"\W", "", label)
        made_up.write_results(folder, "kernels", label, TASKS, samples, completions[::-1])
    made_up.finish(root / "judge", "judge")
    done = execute(report.STAGE, report.ReportConfig(), {"judge": root / "judge"}, root / "report")
    assert done.manifest.rows == {"tasks": 4, "pages": 24}
    return root / "report"


def test_each_answer_has_its_page(made):
    """As many pages as answers, each well formed and listed once; every link on every page leads to a file."""
    paths = list((made / "samples").glob("*.html"))
    assert len(paths) == 25
    for path in [*paths, made / "report.html"]:
        page = made_up.Page(path.read_text())
        ids = [value for _, name, value in page.attributes if name == "id"]
        assert len(ids) == len(set(ids)), path
        links = [value for tag, name, value in page.attributes if name == "href" and tag == "a" and not value.startswith("#")]
        assert all((path.parent / link.partition("#")[0]).is_file() for link in links), path
        assert page.tags["script"] == (path.name in ("index.html", "report.html"))
        assert page.tags["link"] == page.tags["img"] == 0
    listed = re.findall(r'<a href="([^"]+)" class="(?:pass|fail)"', (made / "samples/index.html").read_text())
    assert sorted(listed) == sorted(p.name for p in paths if p.name != "index.html")


def test_a_page_says_where_an_answer_failed(made):
    """Check, call, size, threads, element, both values and the difference allowed, as the sample has them."""
    path = next(p for p in (made / "samples").glob("axpy-openmp-c-*") if "Failed: correct" in p.read_text())
    words = " ".join(" ".join(made_up.Page(path.read_text()).text).split())
    for expected in (
        "Failed: correct", "Size n=1009, a=0.5", "Started with 7 threads", "Call 5 of 12", "First wrong y[3]", "Got nan", "Expected 2.25",
        "Difference allowed 1.5e-15", "Wrong elements 2 of 1,009", "✓ ✓ ✓ ✓ ✗ ·", "Not timed: only right answers are.", "y[i] -=",
    ):  # fmt: skip
        assert expected in words, expected
    assert "call 6: not looked at" in path.read_text()


def test_a_page_shows_speed(made):
    """Two plots and the figures behind them, of a right answer that was timed; a right one that wasn't says so."""
    pages = {p.name: p.read_text() for p in (made / "samples").glob("axpy-*")}
    timed = [p for name, p in pages.items() if name.startswith("axpy-openmp") and ">✓ passed<" in p]
    assert len(timed) == 8
    for page in timed:
        assert page.count("<svg") == 2
        words = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
        assert "1 11.1 ms ± 100 µs 10.0 ms 0.90 90.0 % 2.16 0.180 9.0 %" in words
        assert "Median of 9 calls" in words
    untimed = [p for name, p in pages.items() if name.startswith("axpy-serial") and ">✓ passed<" in p]
    assert untimed
    assert all("Not timed." in p and "<svg" not in p for p in untimed)


def test_the_report_leads_to_the_pages(made):
    """From the count of failed checks, from the grid, and from each answer; the list reads the selection from the address."""
    html = (made / "report.html").read_text()
    assert "samples/index.html#suite=kernels&amp;model=ibadi&amp;result=failed%3Acorrect" in html
    assert html.count("page of this answer") == 24
    assert "heat-kernels-run-1" in html
    assert "speed-kernels-run" in html


def test_the_same_judge_gives_the_same_pages(made, tmp_path):
    """Pages hold no time and no random name."""
    write_samples(tmp_path, made.parent / "judge", "stages of a run", "0.1.0")
    for path in (made / "samples").glob("*.html"):
        assert (tmp_path / "samples" / path.name).read_bytes() == path.read_bytes()


def test_many_answers_stand_on_their_pages_alone(made, tmp_path, monkeypatch):
    """Beyond what one page can hold the report leaves code to the pages, and still has its tasks, grid and outcomes."""
    monkeypatch.setattr(report_tasks, "_MOST_ANSWERS", 10)
    html = report.render(report.read_page({"judge": made.parent / "judge"}, ""))
    assert 'class="answer"' not in html
    assert "24 answers" not in html
    assert html.count("6 answers</a> have pages of their own") == 4
    assert 'data-model="good" data-result="passed"' in html
    assert ">✗ correct</span></a>" in html


# ---------------------------------------------------------------- hostile answers


HOSTILE = made_up.HOSTILE + "\ud800\u2066{{ 7 * 7 }}<style>body{display:none}</style>'\"><svg onload=alert(1)>"


@pytest.mark.parametrize("where", ["plain", "fenced", "prompt", "log", "failure"])
def test_hostile_text_is_only_text(tmp_path, where):
    """Wherever it stands, what was written elsewhere makes no element, no attribute and nothing that can't be seen."""
    task = TASKS[0]
    sample = made_up.judged(task, "x", "m", passed=False)
    answer = {"plain": HOSTILE, "fenced": f"```c\n{task.reference}\n{HOSTILE}\n```"}.get(where, task.reference)
    if where == "log":
        sample = replace(sample, log=f"candidate.c:2:1: error: {HOSTILE}")
    elif where == "failure":
        failure = Failure(check="build", why=HOSTILE, got=HOSTILE, size=HOSTILE)
        sample = replace(sample, checks={"build": f"fail: {HOSTILE}"}, failures=(failure,))
    folder = tmp_path / "judge/kernels/m"
    made_up.write_results(folder, "kernels", "m", [task], [sample], [completion(task, answer)])
    if where == "prompt":
        rows = [json.loads(line) | {"prompt": HOSTILE} for line in (folder / "tasks.jsonl").read_text().splitlines()]
        (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write_samples(tmp_path, tmp_path / "judge", HOSTILE, "0.1.0")
    for path in (tmp_path / "samples").glob("*.html"):
        html = path.read_bytes().decode()
        page = made_up.Page(html)
        assert page.tags["script"] == (path.name == "index.html")
        assert page.tags["style"] == 1
        assert page.tags["svg"] == page.tags["img"] == 0
        assert not [name for _, name, _ in page.attributes if name.startswith("on")]
        assert not re.search("[\x00-\x08\x0b-\x1f\u202e\u2066]", html)
        assert "{{ 7 * 7 }}" in html
        assert "default-src 'none'" in html
    assert "script-src" not in only_page(tmp_path / "samples").read_text()
    assert "⟨U+D800⟩⟨U+2066⟩" in only_page(tmp_path / "samples").read_text()


@pytest.mark.ci
@pytest.mark.parametrize(
    "answer",
    ["x" * 10_000_000, "\x00" * 3_000_000, "\n" * 10_000_000, "void axpy(int n) {" + ";\n" * 500_000 + "}", "<" * 1_000_000],
    ids=["ten-megabytes", "controls", "lines", "long-code", "signs"],
)
def test_long_answers_are_cut(tmp_path, answer):
    """A page stays small, takes little time, and says what it left out."""
    begin = time.monotonic()
    page = only_page(pages_of(tmp_path, [(TASKS[0], answer, False)])).read_text()
    assert len(page) < 600_000
    assert ("characters left out here" if answer.strip() else "characters of blanks") in page
    assert f"{len(answer):,}" in page
    assert time.monotonic() - begin < 30


def test_empty_answers_say_so(tmp_path):
    """No code, no words, and no plot: the page is still a page."""
    page = only_page(pages_of(tmp_path, [(TASKS[0], "", False)])).read_text()
    assert "The answer is empty." in page
    made_up.Page(page)


@given(st.text(min_size=1, max_size=200), st.text(max_size=200), st.integers())
def test_names_of_pages_are_safe(suite, task_id, sample_id):
    """Whatever a suite calls its tasks, a page's name is short, of harmless signs, and another answer's is another."""
    name = report_answers.page_name(suite, "m", task_id, sample_id)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*-[0-9a-f]{10}\.html", name)
    assert len(name) < 80
    assert name != report_answers.page_name(suite, "m", task_id, sample_id + 1)
    assert name != report_answers.page_name(suite, "n", task_id, sample_id)


# ---------------------------------------------------------------- files


NEW = ("num_bytes", "flops", "most_bandwidth", "most_flops")
"""What samples of before don't have."""


def test_timings_of_before_have_no_roofline(tmp_path):
    """What older samples don't say is not known: a plot of speed, and words in place of the other."""
    task = TASKS[0]
    old = {"1": {name: value for name, value in made_up.timings(0.9)["1"].items() if name not in NEW}}
    sample = replace(made_up.judged(task, "", "m", passed=True), timings=old)
    made_up.write_results(tmp_path / "judge/kernels/m", "kernels", "m", [task], [sample], [completion(task, task.reference)])
    write_samples(tmp_path, tmp_path / "judge", "", "0.1.0")
    page = only_page(tmp_path / "samples").read_text()
    assert page.count("<svg") == 1
    assert "No roofline: what the machine can do at most is not known." in page


def test_failures_lie_in_samples(tmp_path):
    """They come back from a file as they were; an unknown or missing field is refused with its place."""
    sample = made_up.judged(TASKS[0], "x", "m", passed=False)
    assert sample.failures
    append_jsonl(tmp_path / "s.jsonl", sample)
    assert list(read_jsonl(tmp_path / "s.jsonl", Sample)) == [sample]
    assert json.loads(to_line(sample))["failures"][0]["check"] == sample.failures[0].check
    for wrong in ({"check": "build"}, {"check": "build", "why": "", "x": 1}, {"check": "build", "why": 3}, "build"):
        (tmp_path / "s.jsonl").write_text(json.dumps(json.loads(to_line(sample)) | {"failures": [wrong]}) + "\n")
        with pytest.raises(InputError, match="failures"):
            list(read_jsonl(tmp_path / "s.jsonl", Sample))


def test_failures_say_their_place():
    """How the program was started, the call, its size, and what was wrong; what isn't known isn't said."""
    assert Failure(check="race-free", why="data race", threads=1).words == "with 1 thread: data race"
    assert Failure(check="correct", why="x", ranks=2, threads=3, call=1, num_calls=4, size="n=0").words == (
        "with 2 ranks and 3 threads: call 1 of 4 (n=0): x"
    )
    assert Failure(check="build", why="no").words == "no"


def test_answers_without_completion_are_refused(tmp_path):
    """A sample that nothing was answered for is damage, and told with its task."""
    task = TASKS[0]
    folder = tmp_path / "judge/kernels/m"
    made_up.write_results(folder, "kernels", "m", [task], [made_up.judged(task, "", "m", passed=False)], [])
    with pytest.raises(InputError, match=re.escape(f"no completion for {task.task_id} sample 0")):
        write_samples(tmp_path, tmp_path / "judge", "", "0.1.0")
    write_jsonl(folder / "tasks.jsonl", [])
    with pytest.raises(InputError, match="no task"):
        write_samples(tmp_path, tmp_path / "judge", "", "0.1.0")


@pytest.mark.slow
def test_a_suite_of_300_tasks_has_its_pages_soon(tmp_path):
    """300 tasks with five answers each, half of them timed: less than 60 ms of processor and 40 kB a page."""
    samples, completions = [], []
    tasks = kernel_tasks()[:300]
    for task in tasks:
        for n in range(5):
            answer = task.reference if n % 2 else task.reference[: len(task.reference) // 2]
            sample = made_up.judged(task, answer, "m", passed=bool(n % 2), sample_id=n)
            samples.append(replace(sample, timings=made_up.timings(0.5 + n + len(answer) / 1000) if n % 2 else {}))
            completions.append(completion(task, answer, n))
    made_up.write_results(tmp_path / "judge/kernels/m", "kernels", "m", tasks, samples, completions)
    begin = time.process_time()
    written = write_samples(tmp_path, tmp_path / "judge", "", "0.1.0")
    assert time.process_time() - begin < 0.06 * 1500
    assert written.pages == 1500 == len(list((tmp_path / "samples").glob("*.html"))) - 1
    assert written.num_bytes < 1500 * 40_000
    assert (tmp_path / "samples/index.html").stat().st_size < 1_500_000


# ---------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser(made):
    """Headless Chromium; a page of its own records requests beyond files, errors, and what the console says."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        tab = found.new_page()
        tab.problems = []
        tab.on("request", lambda request: request.url.startswith("file://") or tab.problems.append(request.url))
        tab.on("console", lambda message: message.type == "error" and tab.problems.append(message.text))
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        yield tab
        found.close()


def test_the_list_filters(browser, made):
    """By model, result and words; the address keeps the selection, and one that is given is taken."""
    browser.goto((made / "samples/index.html").as_uri())
    status = browser.locator("#shown")
    assert status.inner_text() == "Showing 24 of 24 answers, in 8 of 8 rows."
    browser.select_option("select[name=model]", "ibadi")
    assert status.inner_text() == "Showing 12 of 24 answers, in 4 of 4 rows.".replace("4 of 4", "4 of 8")
    browser.select_option("select[name=result]", "passed")
    assert status.inner_text() == "Showing 4 of 24 answers, in 4 of 8 rows."
    assert browser.locator(".answers a.dim:visible").count() == 8
    browser.fill("input[name=words]", "AXPY/openmp")
    assert status.inner_text() == "Showing 2 of 24 answers, in 2 of 8 rows."
    browser.reload()
    assert status.inner_text() == "Showing 2 of 24 answers, in 2 of 8 rows."
    browser.click("button[type=reset]")
    browser.wait_for_function("document.getElementById('shown').textContent.startsWith('Showing 24')")
    browser.goto((made / "report.html").as_uri())
    link = browser.locator("a[href*='failed%3A']").first
    count, check = link.inner_text(), (link.get_attribute("href") or "").rpartition("%3A")[2]
    link.click()
    browser.wait_for_url("**/index.html#*")
    assert browser.locator("select[name=result]").input_value() == f"failed:{check}"
    assert status.inner_text().startswith(f"Showing {count} of 24 answers")
    assert browser.problems == []


def test_pages_are_walked_by_keyboard_and_fit_a_phone(browser, made):
    """From the list to a page to the next one with the keyboard alone; nothing scrolls sideways at 360 pixels."""
    browser.set_viewport_size({"width": 360, "height": 740})
    browser.goto((made / "samples/index.html").as_uri())
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    browser.locator(".answers a").first.focus()
    browser.keyboard.press("Enter")
    browser.wait_for_url("**/axpy-*")
    browser.locator("a[rel=next]").focus()
    browser.keyboard.press("Enter")
    browser.wait_for_selector("a[rel=prev]")
    for path in (made / "samples").glob("axpy-*-c-*"):
        browser.goto(path.as_uri())
        assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    browser.set_viewport_size({"width": 1280, "height": 900})
    assert browser.problems == []


def test_hostile_pages_are_inert_in_a_browser(browser, tmp_path):
    """No script of an answer runs, and no error is logged."""
    folder = pages_of(tmp_path, [(TASKS[0], HOSTILE, False), (TASKS[0], f"```c\n{TASKS[0].reference}{HOSTILE}```", False)])
    for path in folder.glob("*.html"):
        browser.goto(path.as_uri())
        browser.wait_for_timeout(50)
        assert "owned" not in browser.title()
        assert browser.locator("h1").is_visible()
    assert browser.problems == []
