"""Five policies against heat, and the simulation of one case."""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from simulated_machine import THERMAL, Case, Record, SimulatedMachine

from simmer.thermal import duty
from simmer.thermal.governor import Governor
from simmer.thermal.guard import Guard
from simmer.thermal.limits import room_k
from simmer.thermal.stop import StopRequest
from support.plant import POWER_EXPONENT

LIMITS = THERMAL.limits()
PAUSE_S, HYSTERESIS_RESUME_C = 60.0, 75.0


def hardware_only(machine: SimulatedMachine) -> None:
    """Train; only the hardware throttles."""
    while not machine.over:
        machine.step()


def pause_60(machine: SimulatedMachine) -> None:
    """Pause for a minute at a warning temperature, abort at a critical one."""
    next_check_s = 0.0
    while not machine.over:
        machine.step()
        while machine.now_s >= next_check_s:
            celsius = machine.plant.read_c()
            next_check_s = machine.now_s + machine.case.period_s
            if celsius >= LIMITS.critical_c:
                machine.cool_after_abort()
            elif celsius >= LIMITS.warning_c:
                machine.record.pauses += 1
                machine.rest(PAUSE_S)


def hysteresis(machine: SimulatedMachine) -> None:
    """Pause at a warning temperature until the machine is some kelvins colder."""
    next_check_s = 0.0
    while not machine.over:
        machine.step()
        if machine.now_s >= next_check_s:
            if machine.plant.read_c() >= LIMITS.warning_c:
                machine.record.pauses += 1
                machine.rest(machine.case.period_s)
                while machine.plant.read_c() > HYSTERESIS_RESUME_C:
                    machine.rest(machine.case.period_s)
            next_check_s = machine.now_s + machine.case.period_s


def governor(machine: SimulatedMachine) -> None:
    """Train under simmer's guard."""
    case = machine.case
    settings = replace(THERMAL.governor(), duty_when_blind=case.duty_when_blind, period_s=case.period_s)
    while not machine.over:
        guard = Guard(
            machine.monitor,
            Governor(LIMITS, settings),
            stop=StopRequest(),
            on_event=lambda _: None,
            hardware_interval_s=math.inf,
            clock=machine.clock,
            wait=machine.rest,
        )
        stopped = False
        while not (machine.over or stopped):
            machine.step(guard.inside_step)
            stopped = guard.between_steps().stop
        machine.record.pauses += guard.counters()["pauses"]
        if stopped:
            machine.cool_after_abort()


def power_cap(machine: SimulatedMachine) -> None:
    """Train without sleeps, at the clock that a power cap allows."""
    controller, next_decision_s = duty.DutyController(), 0.0
    while not machine.over:
        machine.step()
        hottest = machine.monitor.latest().hottest
        if machine.now_s >= next_decision_s and hottest is not None:
            next_decision_s = machine.now_s + machine.case.period_s
            machine.clock_cap = controller.steer(room_k(hottest, LIMITS)) ** (1 / POWER_EXPONENT)


POLICIES: dict[str, Callable[[SimulatedMachine], None]] = {
    "hardware": hardware_only,
    "pause 60": pause_60,
    "hysteresis": hysteresis,
    "governor": governor,
    "cap": power_cap,
}


def simulate(case: Case) -> Record:
    """Simulate one case."""
    logging.getLogger("simmer").setLevel(logging.CRITICAL)
    machine = SimulatedMachine(case)
    with patch.multiple(duty, GAIN_PER_K=case.gain_per_k, INTEGRAL_DECISIONS=case.integral_decisions):
        POLICIES[case.policy](machine)
    return machine.record
