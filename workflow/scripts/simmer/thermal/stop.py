"""A request to stop that a signal handler may set at any moment."""

import os
import queue
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

# Batch systems can be configured to send SIGUSR1 some time before they kill a job.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)

# The environment variable with the number of the process that started this job and its neighbours.
CAMPAIGN_PROCESS = "SIMMER_CAMPAIGN_PROCESS"


class StopRequest:
    """A request, with a reason, that a job end at its next step boundary.

    Built on SimpleQueue instead of threading.Event: `Event.set` in a handler deadlocks if the signal arrives
    while the main thread is inside `Event.wait`; `SimpleQueue.put` is reentrant (Python library reference).
    """

    def __init__(self) -> None:
        self._reason: str | None = None
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    @property
    def reason(self) -> str | None:
        """The reason of the first request, e.g. `signal SIGTERM`; None without a request."""
        return self._reason

    def set(self, reason: str) -> None:
        """Request a stop; the first reason is kept."""
        if self._reason is None:
            self._reason = reason
        self._wake.put(None)

    def is_set(self) -> bool:
        """Return True if a stop was requested."""
        return self._reason is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for a request; return True if there is one."""
        if self._reason is None:
            with suppress(queue.Empty):
                self._wake.get(timeout=max(0.0, timeout_s))
        return self.is_set()

    @contextmanager
    def on_signals(self, signals: Iterable[signal.Signals] = STOP_SIGNALS) -> Iterator["StopRequest"]:
        """Set this request on signals inside the block; restore the previous handlers after it.

        A signal that is ignored stays ignored, as SIGHUP under nohup.

        Raises:
            ValueError: outside the main thread, where Python installs no handlers.
        """
        heard = [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self._handle) for number in heard}
        try:
            yield self
        finally:
            for number, handler in before.items():
                # None: the handler was not installed from Python and cannot be restored by it.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        is_first = self._reason is None
        self.set(f"signal {signal.Signals(number).name}")
        if is_first:
            with suppress(psutil.Error, OSError):  # that process has just ended
                stop_campaign()


def stop_campaign() -> None:
    """Send SIGTERM to the process that started this job, so that it stops the others and starts none."""
    number = os.environ.get(CAMPAIGN_PROCESS, "")
    if number.isdecimal() and int(number) in {parent.pid for parent in psutil.Process().parents()}:
        os.kill(int(number), signal.SIGTERM)
