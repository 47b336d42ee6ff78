"""Redirect every request of yfinance to a server of the tests, without replacing any code of yfinance.

Only the address of each request changes, from
https://HOST/PATH to URL/HOST/PATH. A host that is not the vendor's is an error, so that no test uses the
network.
"""

import importlib.abc
import importlib.machinery
import sys
from urllib.parse import urlsplit

URL_VARIABLE = "SIMMER_TEST_VENDOR"


def moved(address: str, server: str) -> str:
    """Return the server's address for an address of the vendor."""
    parts = urlsplit(address)
    if not f".{parts.hostname}".endswith(".yahoo.com"):
        raise RuntimeError(f"a test asked for {address}; only the vendor's hosts are answered")
    return f"{server}/{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def redirected(session, server: str):
    """Return the session with its requests redirected to the server."""
    kind = type(session)

    class Redirected(kind):
        def request(self, method, url, **options):
            return super().request(method, moved(url, server), **options)

    session.__class__ = Redirected
    return session


def redirect_sessions(module, server: str, *, new_session) -> None:
    """Make a module of yfinance create redirected sessions."""
    module.new_session = lambda: redirected(new_session(), server)


class RedirectOnImport(importlib.abc.MetaPathFinder):
    """Redirects the sessions of yfinance when it is imported."""

    def __init__(self, server: str):
        self.server = server

    def find_spec(self, name, path, target=None):
        # All other modules of yfinance take new_session from this one.
        if name != "yfinance._http":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        load = spec.loader.exec_module

        def load_and_redirect(module):
            load(module)
            redirect_sessions(module, self.server, new_session=module.new_session)

        spec.loader.exec_module = load_and_redirect
        return spec


def install(server: str) -> None:
    """Redirect yfinance in this process as soon as it is imported."""
    sys.meta_path.insert(0, RedirectOnImport(server))
