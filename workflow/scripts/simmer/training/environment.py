"""What a trial's process must find in its environment when it starts."""

TRAINER_ENVIRONMENT = {
    # glibc gives freed memory back to the system and then faults it in again at every training step.
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "MALLOC_MMAP_MAX_": "0",
    # Threads that spin for long while they wait slow each other down as soon as another program wants a
    # core. MEASURED at 2M on two cores: alone as fast as without, beside one busy program 119 ms a step
    # instead of 208 (10,000) or 909 (100,000).
    "GOMP_SPINCOUNT": "3000",
}
