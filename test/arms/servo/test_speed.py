"""How many cycles a second six servos allow, on a bus that takes its time as a wire would."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest
from virtual_arm_process import VirtualArmProcess

from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.servo_arm import ServoArm

CONFIG = Path(__file__).parents[3] / 'config'
CYCLES = 100
PATIENCE = 30.0  # [s]


@pytest.fixture
def arm_of():
    """Make arms on virtual servos in a process of their own: arm_of(name, rate=...)."""
    made = []

    def make(name, **bus):
        path = CONFIG / f'{name}_calibration.yaml'
        calibration = load_calibration(path)
        made.append(VirtualArmProcess(path))
        settings = dataclasses.replace(calibration.bus, port=made[-1].path, **bus)
        made.append(ServoArm(dataclasses.replace(calibration, bus=settings)))
        return made[-1]

    yield make
    for thing in reversed(made):
        thing.close()


@pytest.mark.parametrize(
    ('name', 'asked', 'least'),
    [('so101', 200.0, 100.0), ('koch', 200.0, 100.0), ('lx16a', 40.0, 25.0)],
)
def test_six_servos_are_read_and_sent_goals_often_enough(arm_of, name, asked, least):
    arm = arm_of(name, rate=asked, timeout=0.1, error_timeout=5.0)
    assert len(arm.joint_names) == 6
    give_up = time.monotonic() + PATIENCE
    while not arm.enable().result(PATIENCE).done:
        assert time.monotonic() < give_up, arm.report()
        arm.wait_for_state(0.1)
    times = [arm.read().time]
    while len(times) < CYCLES:
        assert time.monotonic() < give_up, arm.report()
        arm.wait_for_state(0.1)
        state = arm.read()
        if state.time != times[-1] and not np.isnan(state.position).any():
            times.append(state.time)
    # The slower half is what else runs on this machine.
    assert np.median(np.diff(times)) <= 1.0 / least
