"""Groups of programs that train at the same time, in turn with other groups; each program is a process."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from setting import CORES, ROOT, Execution
from simmer.training.environment import TRAINER_ENVIRONMENT

BENCH_PYTHON = ROOT / ".venv-bench/bin/python"
BATCH = 64
PEERS = ("hugging_face", "neuralforecast")


@dataclass(frozen=True)
class Contender:
    """A program of contenders.py or peers.py, and the steps that it takes in a round.

    Attributes:
        execution: of simmer's step.
    """

    name: str
    scale: str
    steps: int
    threads: int = CORES
    execution: Execution | None = None


class Process:
    """A running contender."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        name, execution = contender.name, contender.execution
        python, script = (BENCH_PYTHON, "peers.py") if name in PEERS else (sys.executable, "contenders.py")
        tuned = name.startswith(("ours", "before"))
        self._process = subprocess.Popen(
            [
                *(python, ROOT / "benchmarks" / script),
                *(name, contender.scale, str(BATCH), str(contender.threads)),
                *([json.dumps(asdict(execution))] if execution else ()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (TRAINER_ENVIRONMENT if tuned else {}),
        )

    def start(self, steps: int | None = None) -> None:
        """Begin to train."""
        self._process.stdin.write(f"{steps or self.contender.steps}\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        """Wait until the steps are done; return the seconds they took."""
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"found no answer of {self.contender.name}, which ended with status {self._process.wait()}, "
                "expected the seconds of its steps: see what it printed above"
            )
        return float(answer)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


class Group:
    """Contenders that train at the same time; `alive` keeps their processes between the rounds."""

    def __init__(self, *contenders: Contender, alive: bool) -> None:
        self._contenders, self._alive = contenders, alive
        self._processes: list[Process] = []

    def seconds(self) -> list[float]:
        """Return the seconds of one round of each contender."""
        if not self._processes:
            self._processes = [Process(contender) for contender in self._contenders]
            for one in self._processes:  # the first steps are slower
                one.start(steps=2 if self._alive else 1)
            for one in self._processes:
                one.seconds()
        for one in self._processes:
            one.start()
        found = [one.seconds() for one in self._processes]
        if not self._alive:
            self.close()
        return found

    def rate(self) -> float:
        """Return the windows per second of one round, added up."""
        steps = (contender.steps for contender in self._contenders)
        return sum(count * BATCH / seconds for count, seconds in zip(steps, self.seconds(), strict=True))

    def close(self) -> None:
        """End the processes."""
        for one in self._processes:
            one.close()
        self._processes = []


@contextmanager
def busy_program() -> Iterator[None]:
    """Keep one core busy."""
    program = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        program.kill()
        program.wait()
