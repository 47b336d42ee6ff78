"""A simulated vendor: a local server that answers like its chart API, and fails on request.

In the process of a test:

    with VendorServer([random_series("SPY")]) as server, vendor_at(server.url):
        fetch_bars("SPY", ...)

In other processes (a whole workflow): start them with the environment
`os.environ | vendor_environment(server.url)`; yfinance is redirected when it is imported there.
"""

import json
import os
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from support.vendor_series import Series, chart_of
from support.vendor_site.vendor_redirect import URL_VARIABLE, redirect_sessions

SITE = Path(__file__).parent / "vendor_site"
NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}


@dataclass(frozen=True)
class Reply:
    """One answer; `sent` is the number of bytes of the body to send, `reset` breaks the connection."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    delay_s: float = 0.0
    sent: int | None = None
    reset: bool = False


Answer = Callable[[dict], Reply]


def good(chart: dict) -> Reply:
    return Reply(json.dumps(chart).encode())


def limited(chart: dict) -> Reply:
    return Reply(b"Too Many Requests\r\n", 429, "text/plain")


def broken(chart: dict) -> Reply:
    return Reply(b"<html><body>upstream is busy</body></html>", 500, "text/html")


def down(chart: dict) -> Reply:
    return Reply(b"<html><body>Will be right back...</body></html>", 503, "text/html")


def web_page(chart: dict) -> Reply:
    return Reply(b"<!DOCTYPE html><title>Sign in to this network</title>", 200, "text/html")


def no_result(chart: dict) -> Reply:
    return Reply(json.dumps({"chart": {"result": [], "error": None}}).encode())


def not_json_object(chart: dict) -> Reply:
    return Reply(b"[1, 2]")


def unknown(chart: dict) -> Reply:
    return Reply(json.dumps({"chart": {"result": None, "error": NOT_FOUND}}).encode(), 404)


def truncated(chart: dict) -> Reply:
    body = json.dumps(chart).encode()
    return Reply(body, sent=len(body) // 2)


def reset(chart: dict) -> Reply:
    """Break the connection; a client that had used it before repeats the request once."""
    return Reply(b"", reset=True)


def slow(seconds: float) -> Answer:
    return lambda chart: Reply(json.dumps(chart).encode(), delay_s=seconds)


def changed(change: Callable[[dict], object]) -> Answer:
    """The chart after `change` was applied to its only result."""

    def answer(chart: dict) -> Reply:
        change(chart["chart"]["result"][0])
        return good(chart)

    return answer


@dataclass(frozen=True)
class Request:
    """One request: the host it was meant for, its path and its parameters."""

    host: str
    path: str
    query: dict[str, str]


class VendorServer:
    """The server, as a context manager; its address is `url`.

    `script` holds the next answers to requests for prices, `lookups` those to requests for a time zone; after
    the last of them answers are good. yfinance repeats a request once by itself after a status from 400 on.
    """

    def __init__(self, series: list[Series]):
        self.series = {one.symbol: one for one in series}
        self.script: deque[Answer] = deque()
        self.lookups: deque[Answer] = deque()
        self.asked: list[Request] = []
        self.stopping = threading.Event()

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads, self._server.vendor = True, self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def price_requests(self) -> list[Request]:
        """The requests for prices, in their order."""
        return [asked for asked in self.asked if "/chart/" in asked.path and "period1" in asked.query]

    def reply(self, asked: Request) -> Reply:
        """The answer to one request."""
        self.asked.append(asked)
        if asked.path == "/v1/test/getcrumb":
            return Reply(b"crumb", kind="text/plain")
        if not asked.path.startswith("/v8/finance/chart/"):
            return Reply(b"<html></html>", 404, "text/html")
        found = self.series.get(asked.path.rsplit("/", 1)[1])
        if found is None:
            return unknown({})
        if "period1" not in asked.query:
            return (self.lookups.popleft() if self.lookups else good)(chart_of(found))
        answer = self.script.popleft() if self.script else good
        return answer(chart_of(found, int(asked.query["period1"]), int(asked.query["period2"])))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        parts = urlsplit(self.path)
        _, host, *rest = unquote(parts.path).split("/")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        vendor = self.server.vendor
        reply = vendor.reply(Request(host, "/" + "/".join(rest), query))
        if reply.delay_s and vendor.stopping.wait(reply.delay_s):
            return
        if reply.reset:
            # A linger of zero makes closing the socket a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        try:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body[: reply.sent])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        self.close_connection = self.close_connection or reply.sent is not None

    def log_message(self, *_):
        pass


@contextmanager
def vendor_at(url: str) -> Iterator[None]:
    """Redirect yfinance in this process, with empty caches before and after."""
    import yfinance._http

    new_session = yfinance._http.new_session
    users = [
        m for name, m in sys.modules.items() if name.startswith("yfinance") and hasattr(m, "new_session")
    ]
    _forget()
    for module in users:
        redirect_sessions(module, url, new_session=new_session)
    try:
        yield
    finally:
        for module in users:
            module.new_session = new_session
        _forget()


def vendor_environment(url: str) -> dict[str, str]:
    """What to add to a process's environment so that yfinance, there and in its children, uses `url`."""
    folders = [str(SITE), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(folder for folder in folders if folder)
    return {URL_VARIABLE: url, "PYTHONPATH": path, "no_proxy": "127.0.0.1"}


def _forget() -> None:
    import yfinance

    yfinance.data.SingletonMeta._instances.clear()
    yfinance.data.YfData.cache_get.cache_clear()
    yfinance.cache._TzCacheManager._tz_cache = None
    yfinance.cache._CookieCacheManager._Cookie_cache = None
    yfinance.base._tz_info_fetch_ctr = 0
