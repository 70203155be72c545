"""``openai:BASE_URL#MODEL``: any server with the interface of OpenAI's, such as vLLM, llama.cpp or ``transformers serve``.

Theory of operation. A few threads put one question each; a clock that all share spaces them out and holds them back while the server asks
for a pause. What may work another time (no connection, broken off, timeout, 408, 425, 429, 5xx, an answer that isn't JSON) is tried again
after growing pauses, or after as long as ``Retry-After`` says. A question that the server refuses for what it is (400, 413, 422) is an
empty answer with the server's words beside it, and the rest goes on. When a question has failed `TRIES` times, the server is taken for
stopped: what was answered is kept, and the stage ends as partial.

The key comes from ``HPCRAFT_API_KEY`` or ``OPENAI_API_KEY``, is sent to the server alone, and stands in no message and no file.
Not covered: streaming, several answers to one request (many servers have no ``n``), addresses that are found by redirects.
"""

from __future__ import annotations

import json
import os
import queue
import random
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hpcraft import __version__
from hpcraft.errors import ConfigError, InputError, MachineError, PartialError, printable
from hpcraft.eval.extract import end_of_answer
from hpcraft.eval.models import Answer, Ask, AskError
from hpcraft.eval.prompts import chat_request

if TYPE_CHECKING:
    import httpx2

    from hpcraft.eval.generate import GenerateConfig

KEY_VARIABLES = ("HPCRAFT_API_KEY", "OPENAI_API_KEY")
TRIES = 7
"""With pauses of 1, 2, 4 .. seconds: a minute, enough for a server that restarts."""
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
_MOST_BYTES = 32 << 20
_MOST_REFUSALS = 5
"""So many refused and none answered: it isn't the questions."""
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NO_CHAT = frozenset({400, 404, 405, 422, 500, 501})
"""With one of these a server may say that it, or the model, has no conversations."""
_FAILURES_THAT_DECIDE = 3
_NEW_LIMIT = "max_completion_tokens"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_CHAT, _PLAIN = "chat/completions", "completions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a model is served."""

    base: str
    model: str


def parse_address(where: str) -> Address:
    """The address in a model's name.

    Raises:
        ConfigError: it isn't ``BASE_URL#MODEL``.
    """
    base, sign, model = where.partition("#")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or not sign or not model:
        raise ConfigError(f"model 'openai:{where}': expected openai:BASE_URL#MODEL, such as openai:http://localhost:8000/v1#qwen")
    if parts.username or parts.password or parts.query:
        raise ConfigError(f"model 'openai:...{parts.hostname}...': no key in the address, it would be written down; set {KEY_VARIABLES[0]}")
    return Address(base=base.rstrip("/"), model=model)


def open_server(where: str, config: GenerateConfig) -> Server:
    """A model behind an address; nothing is asked yet."""
    key = next((value for name in KEY_VARIABLES if (value := os.environ.get(name))), "")
    return Server(parse_address(where), config, key)


class _Refused(Exception):  # noqa: N818 - the server's answer to one question
    """The server won't have this question."""


class _Again(Exception):  # noqa: N818 - it is tried again
    """It may work another time; ``after`` is how long the server asks to wait."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


@dataclass(slots=True)
class Pace:
    """When the next request may go out, for all threads together."""

    per_minute: float
    """0 for as many as may be."""
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, stop: threading.Event) -> None:
        """Sleep until it is this thread's turn."""
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + (60.0 / self.per_minute if self.per_minute else 0.0)
        stop.wait(max(0.0, at - now))

    def hold(self, seconds: float) -> None:
        """Let nobody go for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


class Server:
    """A model that a server answers for; `hpcraft.eval.models.Model`."""

    def __init__(self, address: Address, config: GenerateConfig, key: str) -> None:
        self._address = address
        self._config = config
        self._key = key
        self._pace = Pace(config.requests_per_minute)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._paths = {"always": [_CHAT], "never": [_PLAIN]}.get(config.chat, [_CHAT, _PLAIN])
        self._limit_word = "max_tokens"
        self._answered = self._refused = self._failed = 0

    def answer(self, asks: Sequence[Ask], done: Collection[tuple[str, int]]) -> Iterator[Answer | AskError]:
        """Answers as they come."""
        todo = [ask for ask in asks if ask.key not in done]
        if not todo:
            return
        self._stop.clear()
        with self._client() as client:
            yield self._one(client, todo[0])  # alone: it finds out which of the two interfaces there is
            waiting: queue.SimpleQueue[Ask] = queue.SimpleQueue()
            for ask in todo[1:]:
                waiting.put(ask)
            results: queue.SimpleQueue[Answer | BaseException] = queue.SimpleQueue()
            for _ in range(min(self._config.concurrency, len(todo) - 1)):
                # A daemon: when the command is stopped, nobody waits for what a server may still say.
                threading.Thread(target=self._work, args=(client, waiting, results), daemon=True).start()
            try:
                yield from self._drain(results, len(todo) - 1)
            finally:
                self._stop.set()

    def _drain(self, results: queue.SimpleQueue[Answer | BaseException], count: int) -> Iterator[Answer]:
        """Results until all are there; after a fault those that are under way still count."""
        fault: BaseException | None = None
        for _ in range(count):
            result = results.get()
            if isinstance(result, Answer):
                yield result
            else:
                fault = fault or result
                self._stop.set()
        if fault is not None:
            raise fault

    def _work(self, client: httpx2.Client, waiting: queue.SimpleQueue[Ask], results: queue.SimpleQueue[Answer | BaseException]) -> None:
        """In a thread: one question after the other; what goes wrong is raised where the answers are read."""
        while True:
            try:
                ask = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                results.put(self._one(client, ask))
            except BaseException as error:  # noqa: BLE001 - a thread has nobody else to tell
                results.put(error)

    def _one(self, client: httpx2.Client, ask: Ask) -> Answer:
        """The answer to one question, after as many tries as it takes.

        Raises:
            PartialError: the server doesn't answer, or another thread has found that out.
            InputError: it refuses everything.
        """
        why = ""
        for number in range(TRIES):
            if self._stop.is_set():
                raise PartialError("stopped")
            self._pace.wait(self._stop)
            try:
                return self._request(client, ask)
            except _Refused as refused:
                return self._refusal(ask, str(refused))
            except _Again as again:
                why = str(again)
                pause = max(again.after, _FIRST_PAUSE_SECONDS * 2**number * random.uniform(0.5, 1.0))
                if again.after:
                    self._pace.hold(min(again.after, _LONGEST_PAUSE_SECONDS))
                if number + 1 < TRIES:
                    self._stop.wait(min(pause, _LONGEST_PAUSE_SECONDS))
        raise PartialError(
            f"{self._address.base}: the server didn't answer {TRIES} times ({why}); what was answered is kept, "
            "run the same command again to resume"
        )

    def _refusal(self, ask: Ask, words: str) -> Answer:
        with self._lock:
            self._refused += 1
            hopeless = not self._answered and self._refused >= _MOST_REFUSALS
        if hopeless:
            raise InputError(f"{self._address.base}: the server refuses every question ({words}); check the model's name and the options")
        return Answer(ask=ask, text="", facts={"finish": "refused", "refusal": words})

    # ---------------------------------------------------------------- one request

    def _request(self, client: httpx2.Client, ask: Ask) -> Answer:
        """Put a question where the server takes it."""
        path = self._paths[0]
        value = self._post(client, path, ask)
        if isinstance(value, _Error) and len(self._paths) > 1 and value.status in _NO_CHAT:
            other = self._post(client, _PLAIN, ask)
            if not isinstance(other, _Error):
                path, value, self._paths, self._failed = _PLAIN, other, [_PLAIN], 0
        if isinstance(value, _Error) and value.status == 400 and _NEW_LIMIT in value.words and self._limit_word != _NEW_LIMIT:
            self._limit_word = _NEW_LIMIT
            return self._request(client, ask)
        if isinstance(value, _Error):
            raise self._fault(value)
        text, finish = _text_of(value, path)
        if path == _CHAT:
            self._paths = [_CHAT]
        elif (end := end_of_answer(ask.task, text)) is not None:
            text, finish = text[:end], "cut"
        self._answered += 1
        return Answer(ask=ask, text=text, facts={"finish": finish, "chat": path == _CHAT})

    def _body(self, ask: Ask, path: str) -> dict[str, Any]:
        config = self._config
        body: dict[str, Any] = {
            "model": self._address.model,
            self._limit_word: config.max_new_tokens,
            "temperature": config.temperature,
            "seed": ask.seed,
        }
        if config.top_p < 1:
            body["top_p"] = config.top_p
        if config.stop:
            body["stop"] = list(config.stop)
        if path == _CHAT:
            return body | {"messages": [{"role": "user", "content": chat_request(ask.task)}]}
        return body | {"prompt": ask.task.leading or ask.task.prompt}

    def _post(self, client: httpx2.Client, path: str, ask: Ask) -> dict[str, Any] | _Error:
        """A request's answer, or what the server says against it.

        Raises:
            _Again: it may work another time.
        """
        import httpx2

        try:
            with client.stream("POST", f"{self._address.base}/{path}", json=self._body(ask, path)) as answer:
                content = _read(answer)
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise ConfigError(f"{self._address.base}: {error}; check the address") from None
        except httpx2.TransportError as error:
            raise _Again(self._said(str(error) or type(error).__name__)) from None
        decides = False
        if answer.status_code == 500 and len(self._paths) > 1 and path == _CHAT:
            # Some have no better word for a model without conversations; but it may also be a fault that passes.
            self._failed += 1
            decides = self._failed >= _FAILURES_THAT_DECIDE
        if answer.status_code in _AGAIN and not decides:
            raise _Again(f"HTTP {answer.status_code}", retry_after(answer.headers.get("retry-after", "")))
        if answer.status_code != 200:
            return _Error(status=answer.status_code, words=self._said(_words(content) or answer.reason_phrase))
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise _Again("an answer that is no JSON object")
        return value

    def _fault(self, error: _Error) -> Exception:
        """What to raise after an error that another try doesn't mend."""
        base, words = self._address.base, f"HTTP {error.status}: {error.words}"
        if error.status in (401, 403):
            have = "the key isn't taken" if self._key else "there is no key"
            return ConfigError(f"{base}: {words}; {have}, set {' or '.join(KEY_VARIABLES)}")
        if error.status == 402:
            return PartialError(f"{base}: {words}; what was answered is kept, run the same command again to resume")
        if error.status in (404, 405) or 300 <= error.status < 400:
            return InputError(f"{base}: {words}; check the address (it mostly ends in /v1) and the model {self._address.model!r}")
        return _Again(words) if error.status in _AGAIN else _Refused(words)

    def _said(self, words: str) -> str:
        """What a server said, in one short line without the key, which some repeat."""
        if self._key:
            words = words.replace(self._key, "***")
        return printable(" ".join(words.split()))[:200]

    def _client(self) -> httpx2.Client:
        try:
            import httpx2
        except ImportError:
            raise MachineError("httpx2 is not installed; run: pip install hpcraft") from None
        config = self._config
        return httpx2.Client(
            headers={"User-Agent": f"hpcraft/{__version__}"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {}),
            timeout=httpx2.Timeout(config.request_timeout_seconds, connect=min(30.0, config.request_timeout_seconds)),
            limits=httpx2.Limits(max_connections=config.concurrency),
            follow_redirects=False,
            # A proxy that the environment names is not for this machine.
            trust_env=urlsplit(self._address.base).hostname not in _LOCAL,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Error:
    """What a server said against a request."""

    status: int
    words: str


def _read(answer: httpx2.Response) -> bytes:
    """The body of an answer; of one without end, no more than an answer can have."""
    content = bytearray()
    for chunk in answer.iter_bytes():
        content += chunk
        if len(content) > _MOST_BYTES:
            raise _Again(f"an answer of more than {_MOST_BYTES >> 20} MiB")
    return bytes(content)


def _words(content: bytes) -> str:
    """The reason in an error's body, whatever its form."""
    text = content[:10_000].decode(errors="replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    for key in ("error", "detail", "message"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    return value if isinstance(value, str) else str(value)


def _text_of(value: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The answer's text and why it ended.

    Raises:
        _Again: it has another form.
    """
    try:
        choice = value["choices"][0]
        text = choice["message"]["content"] if path == _CHAT else choice["text"]
        finish = choice.get("finish_reason")
    except (KeyError, IndexError, TypeError):
        raise _Again("an answer without choices") from None
    # A model that only thought, or called a tool, has said nothing.
    return (text if isinstance(text, str) else ""), {"stop": "end", None: "end"}.get(finish, str(finish))


def retry_after(words: str) -> float:
    """Seconds that a ``Retry-After`` asks for, which may also name a time."""
    try:
        return max(0.0, float(words))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(words).timestamp() - time.time())
    except ValueError:
        return 0.0
