"""Kernel tasks in Python with numba: right answers pass, and each way to look right without being so is refused for its own reason."""

from dataclasses import dataclass

import pytest

from hpcraft.data import parallel_use
from hpcraft.data.python_code import MOST_CHARACTERS, unbuildable
from hpcraft.eval import forbidden, kernel_judge, kernel_trial
from hpcraft.eval.extract import extract
from hpcraft.eval.prompt_styles import STYLES, in_style
from hpcraft.eval.prompts import chat_request, null_answer
from hpcraft.eval.suites import kernel_tasks
from hpcraft.sandbox import python, toolchains
from hpcraft.sandbox.outcome import Job, Limits, Verdict

TASKS = {t.task_id: t for t in kernel_tasks() if t.language == "python"}
THREADS, SERIAL = TASKS["kernels/axpy/openmp/python"], TASKS["kernels/axpy/serial/python"]
IMPORTS = "import numpy as np\nfrom numba import njit, prange\n"
SEED = 4711


@pytest.fixture
def runs(compiles):
    """Skip where numba isn't installed."""
    if python.numba() is None:
        pytest.skip("numba is not installed")


@pytest.fixture
def one_start(monkeypatch):
    """One round of calls: what is looked for shows in the first."""
    kernel_trial.trial.cache_clear()
    monkeypatch.setitem(kernel_trial.SWEEPS, "numba", kernel_trial.SWEEPS["numba"][:1])
    monkeypatch.setattr(kernel_judge, "_PYTHON_LIMITS", Limits(wall_seconds=20.0, memory_mb=2048, disk_mb=256))
    yield
    kernel_trial.trial.cache_clear()


def plain(body, head=""):
    """An answer to axpy in one function that numba doesn't compile."""
    return f"{IMPORTS}{head}\ndef axpy(n, a, x, y):\n    {body}\n"


def shared(body, head="", options="parallel=True"):
    """An answer to axpy that numba compiles."""
    return f"{IMPORTS}{head}\n@njit({options})\ndef axpy(n, a, x, y):\n    {body}\n"


LOOP = "for i in prange(n):\n        y[i] += a * x[i]"


def test_there_are_twelve_tasks():
    """The six kernels of the study, each serial and with threads."""
    assert len(TASKS) == 12
    assert {t.model for t in TASKS.values()} == {"serial", "openmp"}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda t: t.task_id)
def test_a_prompt_ends_with_the_head_of_its_function(task):
    """In every style; the sentence names each array, its shape, and what is written."""
    assert task.kernel
    for style in STYLES:
        assert in_style(task, style).prompt.endswith(f"{task.stem}")
    assert task.stem.endswith(f"def {task.kernel.name}({', '.join(p.name for p in task.kernel.signature.parameters)}):\n")
    sentence = task.prompt.replace("\n# ", " ")
    assert all(f"{p.name} (" in sentence for p in task.kernel.signature.arrays)
    assert "imports" in chat_request(task)
    assert unbuildable(task.stem + "    pass\n", task.kernel.signature) == ""


@pytest.mark.ci
@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("task", [pytest.param(t, marks=() if t is SERIAL else pytest.mark.slow, id=t.task_id) for t in TASKS.values()])
def test_references_pass_and_empty_answers_fail(task):
    """Of all rounds, with the timed size."""
    found = kernel_judge.judge(task, task.reference, SEED)
    assert found.passed, (found.checks, found.log)
    empty = kernel_judge.judge(task, null_answer(task.prototype, task.language, task.kernel, task.model), SEED)
    assert "wrong" in empty.checks["correct"]
    assert not empty.passed


@pytest.mark.ci
@pytest.mark.usefixtures("runs", "one_start")
def test_threads_are_seen_at_work():
    """The third witness: two threads have a share of the largest call."""
    found = kernel_judge.judge(THREADS, THREADS.reference, SEED)
    assert found.passed, (found.checks, found.log)


@pytest.mark.slow
@pytest.mark.usefixtures("runs")
def test_an_answer_is_timed_without_its_compilation():
    """The call that compiles is not one of those that count."""
    found = kernel_judge.judge(THREADS, THREADS.reference, SEED, (2,))
    assert found.passed, (found.checks, found.log)
    assert 0 < found.timings["2"]["seconds"] < 0.25


@dataclass(frozen=True)
class Cheat:
    """A candidate that must not pass."""

    code: str
    why: str
    check: str = "correct"
    slow: bool = True


CHEATS = {
    "nan": Cheat(plain("y[:] = np.nan"), "is nan instead of"),
    "replaces-the-array": Cheat(plain("y = a * x + y"), "elements wrong", slow=False),
    "returns-the-result": Cheat(plain("return a * x + y"), "elements wrong"),
    "exits": Cheat(plain("raise SystemExit(0)"), "ended without the result"),
    "raises": Cheat(plain("raise ValueError('PASS')"), "ended with exit code 1: ValueError: PASS"),
    "exits-at-import": Cheat(plain("y += a * x", "raise SystemExit(0)"), "ended without the result"),
    "right-for-small": Cheat(plain("if n < 1024:\n        y += a * x"), "n=4096|n=1009|n="),
    "writes-beyond": Cheat(shared("for i in prange(n + 1):\n        y[i] += a * x[i]"), "outside an array", slow=False),
    "writes-an-input": Cheat(plain("y += a * x\n    x[:] = 0"), "ended by signal 11"),
    "first-calls-only": Cheat(plain("calls.append(1)\n    if len(calls) < 5:\n        y += a * x", "calls = []"), "call 5 of"),
    "looks-like-float": Cheat(plain("y += (a * x).astype(np.float32)"), "elements wrong"),
    "endless": Cheat(plain("while True:\n        pass"), "did not end in time"),
    # These are refused by their text as well; here it is what they do that must not help.
    "changes-the-caller": Cheat(plain("import __main__\n    __main__.Caller._make = lambda self: None"), "elements wrong", slow=False),
    "changes-numpy": Cheat(plain("np.frombuffer = lambda *a: np.zeros(n)\n    np.ndarray = None"), "elements wrong|exit code"),
    "says-it-is-done": Cheat(
        plain("import __main__, gc\n    [w for w in gc.get_objects() if isinstance(w, __main__.Words)][0].done = 99"),
        "elements wrong|without",
    ),
    "leaves-the-process": Cheat(plain("import os\n    os._exit(0)"), "ended without the result"),
    "one-thread-works": Cheat(
        shared("for k in prange(64):\n        if k == 0:\n            for i in range(n):\n                y[i] += a * x[i]"),
        "one thread did all the work",
        check="parallel",
    ),
}


@pytest.mark.ci
@pytest.mark.usefixtures("runs", "one_start")
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if cheat.slow else ()) for name, cheat in CHEATS.items()])
def test_cheats_do_not_pass(name):
    """Outputs alone count: written in place, right, complete, and nothing else touched."""
    cheat = CHEATS[name]
    found = kernel_judge.judge(THREADS, cheat.code, SEED)
    assert any(part in found.checks[cheat.check] for part in cheat.why.split("|")), (found.checks, found.log)
    assert not found.passed


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (plain("import ctypes"), "imports ctypes"),
        (plain("import subprocess"), "imports subprocess"),
        (plain("from multiprocessing import Pool"), "imports multiprocessing"),
        (plain("import hpcraft.eval.kernels.axpy"), "imports hpcraft.eval.kernels.axpy"),
        (plain("import inspect"), "imports inspect"),
        (plain("import gc"), "imports gc"),
        (plain("import __main__"), "imports __main__"),
        (plain("from . import driver"), "relative"),
        (plain("os._exit(0)", "import os"), "uses what a kernel doesn't need (os._exit)"),
        (plain("sys.modules['numba'] = None", "import sys"), "changes another module (sys.modules)"),
        (plain("f(0)", "from os import _exit as f"), "uses what a kernel doesn't need"),
        (plain("sys._getframe()", "import sys"), "uses what a kernel doesn't need (sys._getframe)"),
        (plain("e.tb_frame.f_back"), "looks at the stack"),
        (plain("y.base[:] = 0"), "reaches memory that isn't its own (base)"),
        (plain("np.lib.stride_tricks.as_strided(y, (n + 1,))"), "reaches into numpy"),
        (plain("y.ctypes"), "reaches memory"),
        (plain("axpy.__globals__"), "reaches what lies behind objects"),
        (plain("getattr(axpy, '__glo' + 'bals__')"), "reaches what lies behind objects (getattr)"),
        (plain("f(axpy)", "from operator import attrgetter\nf = attrgetter('__globals__')"), "attrgetter"),
        (plain("exec('y[:] = 1')"), "makes code at run time"),
        (plain("open('driver.py')"), "opens or moves files"),
        (plain("g()", "def f(open):\n    return open\ndef g():\n    return open('driver.py')"), "opens or moves files"),
        (plain("pass", "def f(n, read=open):\n    return read"), "opens or moves files"),
        (plain("np.load('expected.npy')"), "opens or moves files"),
        (plain("np.dot(x, y)"), "leaves the work to a library (numpy.dot)"),
        (plain("x @ y"), "the operator @"),
        (plain("x.dot(y)"), "leaves the work to a library (dot)"),
        (plain("solve(x, y)", "from numpy.linalg import solve"), "leaves the work to a library"),
        (plain("d(x, y)", "from numpy import dot as d"), "leaves the work to a library"),
        (plain("np.sum = None"), "changes another module (numpy.sum)"),
        (plain("pass", "prange = range"), "gives prange another meaning"),
        (plain("pass", "def njit(f, **k):\n    return f"), "gives njit another meaning"),
        (plain("pass", "from operator import index as prange"), "gives prange another meaning"),
        (plain("pass", "from numba.extending import overload"), "reaches into numba"),
        (plain("pass", "from numba import cuda"), "uses another model"),
    ],
)
def test_what_is_forbidden_is_named(code, why):
    """No kernel needs it."""
    assert why in forbidden.check("openmp", "python", code, entry="axpy")


@pytest.mark.parametrize(
    "code",
    [
        *(t.reference for t in TASKS.values()),
        shared(LOOP, "import math, time, os, sys\nfrom numba import config\nconfig.THREADING_LAYER = 'omp'"),
        shared(LOOP, "import numba as nb\nfrom numba import types, float64\nimport numpy.typing as npt"),
        shared(LOOP, "class Grid:\n    def __init__(self, n):\n        self.n = n\n        self.n += 1"),
        plain("np.multiply(x, a, out=x.copy())\n    y += a * x"),
        plain("input = x\n    y += a * input", "__all__ = ['axpy']\ndef f(open, vars):\n    return [open + v for v in vars]"),
    ],
)
def test_what_kernels_do_is_allowed(code):
    """Helpers, types, classes, arithmetic of numpy, and imports that stand unused."""
    assert forbidden.check("openmp", "python", code, entry="axpy") == "pass"


HELPER = "@njit\ndef turn(i, a, x, y):\n    y[i] += a * x[i]\n"
BLOCK = "@njit(parallel=True)\ndef work(n, a, u, v):\n    for i in prange(n):\n        v[i] += a * u[i]\n"


@pytest.mark.parametrize(
    "code",
    [
        shared(LOOP),
        shared(LOOP, options="fastmath=True, parallel=True, cache=True"),
        shared(LOOP, "OPTIONS = dict(parallel=True)", "**OPTIONS"),
        shared(LOOP.replace("prange", "nb.prange"), "import numba as nb"),
        shared(LOOP.replace("prange", "parallel_range"), "from numba import prange as parallel_range"),
        shared("for i in prange(n):\n        turn(i, a, x, y)", HELPER),
        shared("for k in prange(8):\n        for i in range(k * n // 8, (k + 1) * n // 8):\n            y[i] += a * x[i]"),
        shared("z = np.empty(n)\n    for i in prange(n):\n        z[i] = a * x[i]\n    for i in range(n):\n        y[i] += z[i]"),
        shared("s = 0.0\n    for i in prange(n):\n        s += x[i]\n    y[0] = s"),
        shared("m = 0.0\n    for i in prange(n):\n        m = max(m, x[i])\n    y[0] = m"),
        plain("work(n, a, x, y)", BLOCK),
        IMPORTS + "def _axpy(n, a, x, y):\n    " + LOOP + "\naxpy = njit(parallel=True)(_axpy)\n",
        f"from numba import *\n@jit(nopython=True, parallel=True)\ndef axpy(n, a, x, y):\n    {LOOP}\n",
    ],
)
def test_shared_loops_are_recognised(code):
    """By any name, with any options, in helpers, as sums, and with a result that is read later."""
    assert parallel_use.check("openmp", "python", code, None, entry="axpy") == "pass"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (plain("y += a * x"), "no function that is called is compiled"),
        (shared("y += a * x"), "no loop over prange"),
        (shared(LOOP, options="parallel=False"), "no function that is called is compiled"),
        (shared(LOOP, options=""), "no function that is called is compiled"),
        (plain("y += a * x", BLOCK), "no function that is called is compiled"),
        (shared("for i in range(n):  # prange(n)\n        y[i] += a * x[i]"), "no loop over prange"),
        (shared("'for i in prange(n)'\n    for i in range(n):\n        y[i] += a * x[i]"), "no loop over prange"),
        (shared("for k in prange(1):\n        for i in range(n):\n            y[i] += a * x[i]"), "one turn"),
        (shared("for i in prange(n):\n        pass\n    for i in range(n):\n        y[i] += a * x[i]"), "leaves nothing"),
        (
            shared("z = np.empty(n)\n    for i in prange(n):\n        z[i] = x[i]\n    for i in range(n):\n        y[i] += a * x[i]"),
            "nothing depends",
        ),
        (plain("work(n, a, x, np.empty(n))\n    y += a * x", BLOCK), "nothing depends"),
        (shared(f"if False:\n      {LOOP}\n    for i in range(n):\n        y[i] += a * x[i]"), "no loop over prange"),
        (shared(LOOP + "\n    numba.set_num_threads(1)", "import numba"), "set_num_threads"),
        ("x = (" * 3, "nested|closed"),
    ],
)
def test_lookalikes_are_refused(code, why):
    """Words in comments and strings, options that are off, loops that leave nothing, and one turn share no work."""
    found = parallel_use.check("openmp", "python", code, None, entry="axpy")
    assert found.startswith("fail")
    assert any(part in found for part in why.split("|")), found


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("def axpy(n, a, x, y)\n    pass\n", "line 1: expected ':'"),
        ("def saxpy(n, a, x, y):\n    pass\n", "defines no function axpy"),
        ("def axpy(n, a, x):\n    pass\n", "axpy has 3 parameters, it is called with 4"),
        ("this is some prose", "line 1"),
        ("x = " + "-" * 50_000 + "1", "nested too deeply"),
        ("x = 1\n" * MOST_CHARACTERS, "characters"),
        ("x = '\udcff'", "no text"),
    ],
)
def test_what_is_not_built_says_why(code, why):
    """No sandbox is needed for what can't be called."""
    found = kernel_judge.judge(SERIAL, code, SEED)
    assert found.verdict is Verdict.COMPILE_ERROR
    assert why in found.checks["build"]


@pytest.mark.parametrize("code", ["def axpy(n, a, x, y, block=64):\n    pass\n", "axpy = njit(f)\n", "def axpy(*arguments):\n    pass\n"])
def test_other_forms_of_a_function_are_built(code):
    """More parameters with defaults, and names that are given to functions."""
    assert SERIAL.kernel
    assert unbuildable(code, SERIAL.kernel.signature) == ""


@pytest.mark.parametrize(
    "answer",
    [
        f"Here it is:\n```python\n{THREADS.reference}\nif __name__ == '__main__':\n    n = 10\n\n    print(axpy(n))\n```\nIt is quick.",
        f'{THREADS.reference}\nif __name__ == "__main__":\n    main()\n',
        "    for i in prange(n):\n        y[i] = a * x[i] + y[i]\n\ndef test():\n    axpy(1, 2, 3, 4)\n",
        f"```bash\npip install numba\n```\nThis works: {THREADS.reference}",
    ],
    ids=["fenced", "whole", "continued", "prose"],
)
def test_code_is_taken_out_of_an_answer(answer):
    """With its imports and decorators, without the program that tries it."""
    code = extract(THREADS, answer).code
    assert "__main__" not in code
    assert "def test" not in code
    assert "prange" in code
    assert "parallel=True" in code
    assert unbuildable(code, THREADS.kernel.signature) == "" if THREADS.kernel else False


def test_without_numba_an_answer_is_not_judged(monkeypatch):
    """The verdict is that of a missing compiler, with the command that installs it."""
    monkeypatch.setattr(toolchains, "numba", lambda: None)
    found = kernel_judge.judge(SERIAL, SERIAL.reference, SEED)
    assert found.verdict is Verdict.UNSUPPORTED
    assert "pip install 'hpcraft[numba]'" in found.checks["build"]
    assert not found.failed


@pytest.mark.usefixtures("runs")
def test_a_box_shows_numba_and_nothing_of_ours():
    """Packages beside it, such as this one, are not there."""
    from hpcraft import sandbox

    source = b"import numba, importlib.util as u\nprint([u.find_spec(n) is not None for n in ('numpy', 'hpcraft', 'pyarrow')])\n"
    outcome = sandbox.run(Job(files={"a.py": source}, language="python"))
    assert (outcome.verdict, outcome.stdout) == (Verdict.OK, "[True, False, False]\n"), outcome.stderr
