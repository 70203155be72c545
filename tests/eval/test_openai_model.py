"""``openai:`` models against a server that misbehaves, and against a real one."""

import email.utils
import importlib.util
import itertools
import os
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import httpx2
import pytest

from hpcraft.errors import ConfigError, InputError, PartialError
from hpcraft.eval import openai_model
from hpcraft.eval.generate import STAGE, GenerateConfig
from hpcraft.eval.openai_model import Pace, retry_after
from hpcraft.samples import Completion
from hpcraft.stages import execute
from hpcraft.store import read_jsonl
from tests.eval.faulty_server import serving

TASKS = tuple(f"kernels/{kernel}/{model}/c" for kernel in ("axpy", "gemv") for model in ("serial", "openmp", "mpi"))
NUM_TASKS = len(TASKS)
KEY = "sk-a-very-secret-key-1234"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Pauses of a hundredth, and no key from outside."""
    monkeypatch.setattr(openai_model, "_FIRST_PAUSE_SECONDS", 0.01)
    for name in openai_model.KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def ask(server, out, **config):
    """Generate from a server."""
    execute(STAGE, GenerateConfig(models=(f"openai:{server.url}#tiny",), tasks=TASKS, **config), {}, out)
    return rows(out)


def rows(out):
    """The completions of the only model in a folder."""
    (path,) = out.glob("kernels/*/completions.jsonl")
    return list(read_jsonl(path, Completion))


def kept(out):
    """The completions that an interrupted call left."""
    (path,) = out.with_name(out.name + ".partial").glob(".answers/kernels/*/00000.part.jsonl")
    return list(read_jsonl(path, Completion))


def test_answers_come_in_order_with_their_seeds(tmp_path):
    """Whatever the order in which the server is done; several requests are under way, no more than allowed."""

    def plan(server, path, body):
        time.sleep(0.02 if body["seed"] % 2 else 0.06)
        return f"seed {body['seed']}"

    with serving(plan) as server:
        found = ask(server, tmp_path / "a", samples=3, temperature=0.5, concurrency=4, top_p=0.9, stop=("END",))
        again = ask(server, tmp_path / "b", samples=3, temperature=0.5, concurrency=1, top_p=0.9, stop=("END",))
    assert found == again
    assert [c.completion for c in found] == [f"seed {c.sampling['seed']}" for c in found]
    assert len({c.sampling["seed"] for c in found}) == len(found) == 3 * NUM_TASKS
    assert [c.sample_id for c in found[:4]] == [0, 1, 2, 0]
    assert 1 < server.most_running <= 4
    path, body, headers, _ = server.requests[0]
    assert path == "/v1/chat/completions"
    assert "Authorization" not in headers
    assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"], body["stop"]) == ("tiny", 0.5, 0.9, 512, ["END"])
    assert "void axpy" in body["messages"][0]["content"]
    assert found[0].sampling["chat"] is True


@pytest.mark.parametrize("fault", [429, 500, 503, None, b"not JSON", b"[]", b'{"choices": []}', (503, {"Retry-After": "0"})], ids=str)
def test_what_may_work_another_time_is_tried_again(fault, tmp_path):
    """Too many requests, a server's own error, a broken connection, an answer cut short: each question gets its answer in the end."""
    counts: dict[object, int] = {}

    def plan(server, path, body):
        counts[body["seed"]] = counts.get(body["seed"], 0) + 1
        return fault if counts[body["seed"]] < 3 else "code"

    with serving(plan) as server:
        found = ask(server, tmp_path / "a", chat="always")
    assert [c.completion for c in found] == ["code"] * NUM_TASKS
    assert set(counts.values()) == {3}


def test_a_slow_answer_is_a_timeout(tmp_path):
    """After it the question is put again."""
    first = threading.Event()

    def plan(server, path, body):
        if not first.is_set():
            first.set()
            time.sleep(0.6)
        return "code"

    with serving(plan) as server:
        found = ask(server, tmp_path / "a", request_timeout_seconds=0.3)
    assert len(found) == NUM_TASKS
    assert len(server.requests) == NUM_TASKS + 1


def test_retry_after_holds_everybody_back(tmp_path):
    """Seconds or a date; no thread asks before the time is over."""
    told = threading.Event()

    def plan(server, path, body):
        if len(server.requests) > 1 and not told.is_set():
            told.set()
            return (429, {"Retry-After": "1"})
        return "code"

    with serving(plan) as server:
        ask(server, tmp_path / "a", concurrency=2, requests_per_minute=3000)
        times = [at for _, _, _, at in server.requests]
    assert max(after - before for before, after in itertools.pairwise(times)) > 0.9
    assert retry_after("1.5") == 1.5
    assert retry_after(email.utils.formatdate(time.time() + 30, usegmt=True)) == pytest.approx(30, abs=2)
    assert retry_after("soon") == 0


def test_requests_are_spaced_out():
    """At sixty a minute each waits a second behind the one before, whichever thread it is."""
    pace = Pace(per_minute=6000)
    waits: list[float | None] = []

    class Watch(threading.Event):
        """In the place of the event, to see the waits."""

        def wait(self, timeout=None):
            waits.append(timeout)
            return False

    for _ in range(5):
        pace.wait(Watch())
    assert waits == pytest.approx([0, 0.01, 0.02, 0.03, 0.04], abs=0.008)


def test_a_server_that_stops_leaves_what_it_answered(tmp_path):
    """Exit code 5; the next call asks for the rest alone and ends with the same as an undisturbed one, at another pace too."""
    limit = 3

    def plan(server, path, body):
        return f"seed {body['seed']}" if len(server.requests) <= limit else None

    with serving(plan) as server:
        with pytest.raises(PartialError, match=r"didn't answer 7 times.*run the same command again") as caught:
            ask(server, tmp_path / "a", concurrency=1)
        assert caught.value.exit_code == 5
        assert len(kept(tmp_path / "a")) == limit
        before, limit = len(server.requests), 10**6
        found = ask(server, tmp_path / "a", concurrency=3, requests_per_minute=60_000)
        assert len(server.requests) - before == NUM_TASKS - 3
        assert found == ask(server, tmp_path / "b")


def test_a_server_that_is_not_there(tmp_path, monkeypatch):
    """Nobody listens: the same, with the reason."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(PartialError, match="refused"):
        execute(STAGE, GenerateConfig(models=(f"openai:http://127.0.0.1:{port}/v1#m",), tasks=TASKS), {}, tmp_path / "a")


@pytest.mark.parametrize("status", [400, 404, 405, 500])
def test_a_model_without_conversations_continues_the_prompt(status, tmp_path):
    """The server says so in one way or another; the choice is made once, and the answer ends with the function."""

    def plan(server, path, body):
        return (status, {}, "no chat template") if "chat" in path else "    y[0] = a;\n}\n\nint main() { }\n"

    with serving(plan) as server:
        found = ask(server, tmp_path / "a")
    # An error of its own may be a passing one, so that is asked three times.
    assert [path for path, *_ in server.requests].count("/v1/chat/completions") == (3 if status == 500 else 1)
    assert {(c.completion, c.sampling["finish"], c.sampling["chat"]) for c in found} == {("    y[0] = a;\n}", "cut", False)}
    assert server.requests[-1][1]["prompt"].endswith("{\n")
    with serving(plan) as server, pytest.raises((InputError, PartialError)):
        ask(server, tmp_path / "b", chat="always")


def test_an_answer_without_end_is_broken_off(tmp_path, monkeypatch):
    """More than an answer can have is not read to its end, and tried again."""
    monkeypatch.setattr(openai_model, "_MOST_BYTES", 100_000)

    def plan(server, path, body):
        return b"x" * 10_000_000 if len(server.requests) == 1 else "code"

    with serving(plan) as server:
        assert len(ask(server, tmp_path / "a")) == NUM_TASKS


def test_a_passing_error_does_not_decide_how_a_server_is_asked(tmp_path):
    """A server that takes both, and fails once at the very first request, is asked in conversations all the same."""

    def plan(server, path, body):
        return 500 if len(server.requests) == 1 else "code"

    with serving(plan) as server:
        assert {c.sampling["chat"] for c in ask(server, tmp_path / "a")} == {True}


def test_answers_of_both_kinds_are_not_mixed(tmp_path):
    """A server that took conversations before the interruption and takes them no more afterwards: one line says what to do."""
    before = True

    def plan(server, path, body):
        if before:
            return "code" if len(server.requests) < 4 else None
        return 404 if "chat" in path else "code"

    with serving(plan) as server:
        with pytest.raises(PartialError):
            ask(server, tmp_path / "a", concurrency=1)
        before = False
        with pytest.raises(ConfigError, match="chat=always or never"):
            ask(server, tmp_path / "a")


def test_a_refused_question_is_an_empty_answer(tmp_path):
    """One is too long for the model: that answer is empty, with the server's words, and the rest goes on."""

    def plan(server, path, body):
        return (400, {}, "context length is 4096") if "gemv in C" in str(body) and "MPI" in str(body) else "code"

    with serving(plan) as server:
        found = ask(server, tmp_path / "a")
    refused = [c for c in found if c.completion == ""]
    assert [c.task_id for c in refused] == ["kernels/gemv/mpi/c"]
    assert "context length is 4096" in str(refused[0].sampling["refusal"])
    assert refused[0].sampling["finish"] == "refused"


def test_a_server_that_refuses_everything_is_one_line(tmp_path):
    """An option that it doesn't know, and a model that it hasn't."""
    with (
        serving(lambda server, path, body: (400, {}, "unknown option seed")) as server,
        pytest.raises(InputError, match="refuses every question"),
    ):
        ask(server, tmp_path / "a")
    with (
        serving(lambda server, path, body: (404, {}, "no model tiny")) as server,
        pytest.raises(InputError, match=r"no model tiny.*check the address"),
    ):
        ask(server, tmp_path / "b")


def test_the_newer_name_of_the_limit(tmp_path):
    """A server that takes ``max_completion_tokens`` alone."""

    def plan(server, path, body):
        return "code" if "max_completion_tokens" in body else (400, {}, "use 'max_completion_tokens' instead of 'max_tokens'")

    with serving(plan) as server:
        assert len(ask(server, tmp_path / "a", chat="always")) == NUM_TASKS


@pytest.mark.parametrize("variable", openai_model.KEY_VARIABLES)
def test_the_key_is_sent_and_never_written(variable, tmp_path, monkeypatch, capfd):
    """It comes from the environment, and stands in no file and no message, even when the server repeats it."""
    monkeypatch.setenv(variable, KEY)
    with serving(lambda server, path, body: (401, {}, f"Incorrect API key: {KEY}")) as server:
        with pytest.raises(ConfigError, match=r"key isn't taken") as caught:
            ask(server, tmp_path / "a")
        assert KEY not in str(caught.value)
        assert server.requests[0][2]["Authorization"] == f"Bearer {KEY}"
    with serving(lambda server, path, body: (400, {}, f"bad {KEY}") if "gemv" in str(body) else "code") as server:
        ask(server, tmp_path / "b")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.slow
@pytest.mark.timeout(900)  # on a busy machine the server takes minutes to import what it needs
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "transformers", "fastapi", "uvicorn", "openai"))),
    reason="transformers serve is not installed: pip install 'transformers[serving]'",
)
def test_against_transformers_serve(tmp_path):
    """A real server on the loopback: greedy answers to plain prompts are those of ``hf:`` on the same weights, to the character."""
    from tests.eval.tiny_models import save_model

    folder = save_model(tmp_path / "tiny", max_position_embeddings=2048)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen(
        [*words, "--device", "cpu", "--dtype", "float32"], stdout=log, stderr=log, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    try:
        deadline = time.monotonic() + 600
        while True:
            assert server.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            try:
                httpx2.get(f"http://127.0.0.1:{port}/health", timeout=1, trust_env=False).raise_for_status()
                break
            except httpx2.HTTPError:
                time.sleep(0.3)
        options: dict[str, Any] = {"tasks": TASKS, "max_new_tokens": 16}
        name = f"openai:http://127.0.0.1:{port}/v1#{folder}"
        execute(STAGE, GenerateConfig(models=(name,), **options), {}, tmp_path / "served")
        execute(STAGE, GenerateConfig(models=(name,), temperature=1.0, samples=2, concurrency=2, **options), {}, tmp_path / "drawn")
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()
    execute(STAGE, GenerateConfig(models=(f"hf:{folder}",), **options), {}, tmp_path / "here")
    served, here = rows(tmp_path / "served"), rows(tmp_path / "here")
    assert [(c.task_id, c.completion) for c in served] == [(c.task_id, c.completion) for c in here]
    assert not any(c.sampling["chat"] for c in served)
    assert len(rows(tmp_path / "drawn")) == 2 * NUM_TASKS
