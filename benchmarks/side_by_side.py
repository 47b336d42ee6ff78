"""Run jobs side by side, each in a process of one thread."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from threading import Thread

from run_store import Facts, Job
from simmer.training.environment import TRAINER_ENVIRONMENT

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run_side_by_side(jobs: Iterable[Job], *, processes: int) -> Iterator[tuple[Job, Facts]]:
    """Yield each job with its result as soon as it is finished; they begin in their order."""
    os.environ.update(TRAINER_ENVIRONMENT | ONE_THREAD)
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_end_with_parent)
    try:
        futures = {pool.submit(job.run): job for job in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    # A process whose parent was killed would wait for its next job forever.
    def watch() -> None:
        parent_process().join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
