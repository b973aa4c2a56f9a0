from __future__ import annotations

import numpy as np
import pytest
from limit_judge import RELATIVE, excess

from ik_gd.core.motion import MotionLimits

# x = sin(w t): derivatives bounded by w, w^2, w^3, and nearly reaching them.
OMEGA = 2.0
TIMES = np.cumsum(np.random.default_rng(3).uniform(0.002, 0.02, 2000))
WAVE = np.sin(OMEGA * TIMES)[:, None]


def limits(velocity: float = 1.0, acceleration: float = 1.0, jerk: float = 1.0) -> MotionLimits:
    return MotionLimits([-1.0], [1.0], OMEGA * velocity, OMEGA**2 * acceleration, OMEGA**3 * jerk)


def test_the_judge_passes_a_curve_that_just_keeps_its_limits() -> None:
    assert all(value <= RELATIVE for value in excess(np.diff(TIMES), WAVE, limits()).values())


@pytest.mark.parametrize('name', ['velocity', 'acceleration', 'jerk'])
def test_the_judge_finds_each_limit_that_is_a_hundredth_too_low(name: str) -> None:
    found = excess(np.diff(TIMES), WAVE, limits(**{name: 0.99}))
    assert [key for key, value in found.items() if value > RELATIVE] == [name]


def test_the_judge_finds_a_position_beyond_its_limit() -> None:
    beyond = MotionLimits([-1.0], [0.99], 10.0, 10.0)
    assert excess(np.diff(TIMES), WAVE, beyond)['position'] > 0.009
