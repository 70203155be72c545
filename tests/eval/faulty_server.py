"""A server with OpenAI's interface that can be told to misbehave; standard library only."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Plan = Callable[["FaultyServer", str, dict[str, Any]], object]
"""From the server, the path and the body of a request to what is answered: a text, a number (an HTTP status), a pair of status and headers,
bytes (sent as they are) or none (the connection is closed without a word)."""


class FaultyServer:
    """Counts requests, and answers as its plan says."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.requests: list[tuple[str, dict[str, Any], dict[str, str], float]] = []
        self.running = self.most_running = 0
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """The base of its addresses."""
        return f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            """One request."""

            protocol_version = "HTTP/1.1"

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

            def do_POST(self) -> None:
                """Answer as planned."""
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server.lock:
                    server.requests.append((self.path, body, dict(self.headers), time.monotonic()))
                    server.running += 1
                    server.most_running = max(server.most_running, server.running)
                try:
                    answer = server.plan(server, self.path, body)
                finally:
                    with server.lock:
                        server.running -= 1
                self._send(answer)

            def _send(self, answer: object) -> None:
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, content = 200, {}, b""
                if isinstance(answer, int):
                    status, content = answer, json.dumps({"error": {"message": f"status {answer}"}}).encode()
                elif isinstance(answer, tuple):
                    status, headers = answer[0], answer[1]
                    content = json.dumps({"error": {"message": answer[2] if len(answer) > 2 else ""}}).encode()
                elif isinstance(answer, bytes):
                    content = answer
                else:
                    key = {"message": {"role": "assistant", "content": answer}} if "chat" in self.path else {"text": answer}
                    content = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", **key}]}).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


@contextmanager
def serving(plan: Plan) -> Iterator[FaultyServer]:
    """A server in threads of this process."""
    server = FaultyServer(plan)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
