"""The bounded step from one goal to the next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.goal_ramp import GoalRamp

JOINT = JointCalibration(
    'j', 1, 'm', -1, 2048, 4096, 0, 4095, max_velocity=2.0, max_acceleration=8.0
)
TICKS = 4096 / (2 * np.pi)  # a radian
DT = 0.01

targets = st.floats(0.0, 4095.0)


@given(st.lists(targets, min_size=1, max_size=60), st.lists(st.floats(1e-4, 0.02), min_size=60))
def test_no_step_is_faster_than_the_joint(goals, steps):
    ramp = GoalRamp(JOINT)
    ramp.reset(2048.0)
    for target, dt in zip(goals, steps, strict=False):
        before, ramp.target = ramp.goal, target
        assert abs(ramp.step(dt) - before) <= 2.0 * TICKS * dt * (1 + 1e-9)


@given(targets)
def test_the_target_is_reached_and_never_passed(target):
    ramp = GoalRamp(JOINT)
    ramp.reset(2048.0)
    ramp.target = target
    path = [ramp.step(DT) for _ in range(400)]
    assert path[-1] == pytest.approx(target)
    assert (np.diff(path) * np.sign(target - 2048.0) >= -1e-9).all()


def test_the_speed_grows_no_faster_than_the_acceleration():
    ramp = GoalRamp(JOINT)
    ramp.reset(0.0)
    ramp.target = 4095.0
    speeds = np.diff([0.0, *(ramp.step(DT) for _ in range(50))]) / DT
    assert np.diff([0.0, *speeds]).max() <= 8.0 * TICKS * DT * (1 + 1e-9)
    assert speeds.max() == pytest.approx(2.0 * TICKS)


@pytest.mark.parametrize('every', [1, 2, 3])
def test_a_stream_within_the_limits_passes_with_no_more_lag_than_its_own_rate(every):
    ramp = GoalRamp(JOINT)
    ramp.reset(2048.0)
    lag = []
    for cycle in range(600):
        wanted = 2048.0 + TICKS * np.sin(1.5 * cycle * DT)
        if cycle % every == 0:  # the stream may be slower than the bus
            ramp.target = wanted
        lag.append(wanted - ramp.step(DT))
    assert np.abs(lag[200:]).max() <= 1.5 * TICKS * DT * every


def test_a_soft_start_opens_the_limit_gradually():
    ramp = GoalRamp(JOINT)
    ramp.reset(0.0)
    ramp.target = 4095.0
    for _ in range(100):
        before = ramp.goal
        assert ramp.step(DT, opening=0.1) - before <= 0.1 * 2.0 * TICKS * DT * (1 + 1e-9)


def test_stopping_stays_where_the_goal_is():
    ramp = GoalRamp(JOINT)
    ramp.reset(100.0)
    ramp.target = 900.0
    for _ in range(10):
        ramp.step(DT)
    ramp.stop()
    where = ramp.goal
    assert [ramp.step(DT) for _ in range(3)] == [where] * 3
