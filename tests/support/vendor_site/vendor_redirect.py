"""Every request that yfinance makes goes to a server of the tests; nothing of yfinance itself is replaced.

Its sessions stay the genuine ones and only the address of each request is changed: from
https://HOST/PATH to URL/HOST/PATH. A host that is not the vendor's is an error, so that no test can leave
this machine.
"""

import importlib.abc
import importlib.machinery
import sys
from urllib.parse import urlsplit

URL_VARIABLE = "SIMMER_TEST_VENDOR"


def moved(address: str, server: str) -> str:
    """The address on the server for one of the vendor."""
    parts = urlsplit(address)
    if not f".{parts.hostname}".endswith(".yahoo.com"):
        raise RuntimeError(f"a test asked for {address}; only the vendor's hosts are answered")
    return f"{server}/{parts.hostname}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def redirected(session, server: str):
    """The same session, whose requests go to the server."""
    kind = type(session)

    class Redirected(kind):
        def request(self, method, url, **options):
            return super().request(method, moved(url, server), **options)

    session.__class__ = Redirected
    return session


def redirect_sessions(module, server: str, *, new_session) -> None:
    """Let a module of yfinance make redirected sessions."""
    module.new_session = lambda: redirected(new_session(), server)


class RedirectOnImport(importlib.abc.MetaPathFinder):
    """Redirects the sessions of yfinance at the moment when something imports it."""

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
    """Redirect yfinance in this process, whether and whenever it is imported later."""
    sys.meta_path.insert(0, RedirectOnImport(server))
