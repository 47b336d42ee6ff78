"""Environment variables that a trial's process needs when it starts."""

TRAINER_ENVIRONMENT = {
    # By default glibc returns freed memory to the system and faults it in again at every training step.
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_MMAP_MAX_": "0",
    # Threads that spin for long while waiting slow each other down as soon as another program uses a core.
    # MEASURED at 2M on two cores: no difference alone; with one other busy program 119 ms per step instead of
    # 208 (spin count 10,000) or 909 (100,000).
    "GOMP_SPINCOUNT": "3000",
}
