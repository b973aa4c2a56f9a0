# ruff: noqa: NPY002  the generator that compiled code has
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limit_judge import assert_kept
from numba import njit

from ik_gd.core.errors import SettingsError
from ik_gd.core.kernels import smoothing
from ik_gd.core.motion import LONGEST_STEP, JointMotion, MotionLimits

PERIOD = 0.01


def limits_of(n: int, rng: np.random.Generator, jerk: bool) -> MotionLimits:
    lower = rng.uniform(-2.0, 0.0, n)
    return MotionLimits(
        np.where(rng.random(n) < 0.1, -np.inf, lower),
        np.where(rng.random(n) < 0.1, np.inf, lower + rng.uniform(0.0, 3.0, n)),
        rng.uniform(0.1, 5.0, n),
        rng.uniform(0.5, 40.0, n),
        rng.uniform(60.0, 2000.0, n) if jerk else np.inf,
    )


def steps(rng: np.random.Generator, count: int) -> Iterator[float]:
    """Yield times between ticks [s]: most on time, some early, late, or much too late."""
    factors = [1.0, 0.9, 1.1, 0.1, 2.0, 10.0, 100.0]
    for factor in rng.choice(factors, count, p=[0.6, 0.1, 0.1, 0.05, 0.1, 0.04, 0.01]):
        yield float(factor) * PERIOD


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 8), jerk=st.booleans())
def test_every_limit_holds_for_any_goals_stops_and_late_ticks(
    seed: int, n: int, jerk: bool
) -> None:
    rng = np.random.default_rng(seed)
    limits = limits_of(n, rng, jerk)
    motion = JointMotion(limits, PERIOD, together=bool(rng.integers(2)))
    motion.seed(rng.uniform(-2.0, 2.0, n))
    times, positions = [], [motion.position.copy()]
    goal, goal_velocity = np.zeros(n), np.zeros(n)
    for dt in steps(rng, 400):
        event = rng.random()
        if event < 0.05:
            goal = rng.uniform(-3.0, 3.0, n)
            goal_velocity = rng.normal(0.0, 2.0, n) * rng.integers(2, size=n)
        if 0.05 < event < 0.1:
            motion.stop(dt)
        else:
            motion.step(goal, goal_velocity, dt)
        goal = goal + goal_velocity * dt
        times.append(dt)
        positions.append(motion.position.copy())
    assert_kept(np.array(times), np.array(positions), limits)


@njit
def storm(inner, outer, bounds, window, phases, history, newest, together, count, seed):  # type: ignore[no-untyped-def]
    """Make random steps; return the worst excess over velocity, acceleration and position."""
    np.random.seed(seed)
    n = inner.shape[1]
    goal, goal_velocity, velocity_before = np.zeros(n), np.zeros(n), np.zeros(n)
    times, flags = np.array([0.0, 2.5e-2, window]), np.array([0.0, together, 1.0])
    before = outer.copy()
    slope_before, dt_before = np.zeros(n), 1.0
    worst = np.full(3, -1.0)
    for k in range(count):
        if np.random.random() < 0.03:
            for i in range(n):
                goal[i] = np.random.uniform(-2.5, 2.5)
                goal_velocity[i] = np.random.normal() if np.random.random() < 0.5 else 0.0
        chance = np.random.random()
        dt = 0.01 if chance < 0.7 else (np.random.uniform(0.001, 0.03) if chance < 0.97 else 0.2)
        times[0] = dt
        flags[0] = 1.0 if np.random.random() < 0.03 else 0.0
        smoothing.step(
            inner,
            outer,
            goal,
            goal_velocity,
            velocity_before,
            bounds,
            times,
            flags,
            phases,
            history,
            newest,
        )
        velocity_before[:] = goal_velocity
        for i in range(n):
            goal[i] += goal_velocity[i] * dt
            slope = (outer[0, i] - before[0, i]) / dt
            bend = (slope - slope_before[i]) / (0.5 * (dt + dt_before))
            worst[0] = max(worst[0], abs(slope) / bounds[2, i] - 1.0)
            if k > 0:
                worst[1] = max(worst[1], abs(bend) / bounds[3, i] - 1.0)
            out = max(outer[0, i] - bounds[1, i], bounds[0, i] - outer[0, i])
            worst[2] = max(worst[2], out)
            slope_before[i] = slope
        if not np.isfinite(outer).all():
            worst[:] = np.inf
        before[:] = outer
        dt_before = dt
    return worst


@pytest.mark.parametrize('smoothing_time', [0.0, 0.08])
@pytest.mark.parametrize('together', [True, False])
def test_no_limit_is_broken_in_half_a_million_steps(smoothing_time: float, together: bool) -> None:
    """Four storms make two million steps of seven joints, inside compiled code."""
    rng = np.random.default_rng(1)
    n = 7
    bounds = np.stack(
        [-rng.uniform(0.0, 2.0, n), rng.uniform(0.0, 2.0, n), rng.uniform(0.3, 5.0, n),
         rng.uniform(1.0, 40.0, n)]
    )  # fmt: skip
    inner, outer = np.zeros((2, n)), np.zeros((2, n))
    phases = np.zeros((n, 2, 5))
    history = np.zeros((n, 500, smoothing.WIDTH))
    newest = np.zeros(n, dtype=np.int64)
    smoothing.forget(history, newest, inner[0])
    worst = storm(
        inner, outer, bounds, smoothing_time, phases, history, newest, float(together),
        500_000, 5,
    )  # fmt: skip
    assert (worst <= 1e-9).all(), worst


def moved(motion: JointMotion, goal: np.ndarray, seconds: float = 4.0) -> np.ndarray:
    """Return the positions (N, n) on the way to a still goal."""
    positions = [motion.position.copy()]
    for _ in range(round(seconds / PERIOD)):
        motion.step(goal, None, PERIOD)
        positions.append(motion.position.copy())
    return np.array(positions)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), jerk=st.booleans())
def test_a_motion_from_rest_is_straight_and_ends_on_its_goal_without_overshoot(
    seed: int, jerk: bool
) -> None:
    rng = np.random.default_rng(seed)
    n = 6
    limits = MotionLimits(
        -np.ones(n), np.ones(n), rng.uniform(1.0, 3.0, n), rng.uniform(2.0, 10.0, n),
        100.0 if jerk else np.inf,
    )  # fmt: skip
    motion = JointMotion(limits, PERIOD)
    start, goal = rng.uniform(-1.0, 1.0, (2, n))
    motion.seed(start)
    way = moved(motion, goal)
    assert np.abs(way[-1] - goal).max() < 1e-12
    assert motion.at_rest
    assert not motion.velocity.any()
    share = (way - start) @ (goal - start) / ((goal - start) @ (goal - start))
    assert (np.diff(share) >= -1e-12).all()
    assert share.max() <= 1.0 + 1e-12
    assert np.abs(way - start - share[:, None] * (goal - start)).max() < 1e-9


def test_a_lone_joint_is_as_quick_as_ruckig_says_it_can_be() -> None:
    ruckig = pytest.importorskip('ruckig', reason='the Python package ruckig, a test oracle')
    rng = np.random.default_rng(0)
    planner = ruckig.Ruckig(1)
    for _ in range(300):
        speed, acceleration = rng.uniform(0.5, 3.0), rng.uniform(1.0, 20.0)
        limits = MotionLimits([-np.inf], [np.inf], speed, acceleration)
        motion = JointMotion(limits, PERIOD, together=False)
        motion.seed(np.zeros(1))
        for _ in range(rng.integers(0, 40)):  # so that it is moving when the goal comes
            motion.step(np.array([5.0]), None, PERIOD)
        goal = rng.uniform(-3.0, 3.0, 1)
        request, answer = ruckig.InputParameter(1), ruckig.Trajectory(1)
        request.current_position = motion.position
        request.current_velocity = motion.velocity
        request.target_position = goal
        request.max_velocity, request.max_acceleration = [speed], [acceleration]
        planner.calculate(request, answer)
        count = 0
        while not (motion.position == goal).all() or motion.velocity.any():
            assert count < answer.duration / PERIOD + 1e-6
            motion.step(goal, None, PERIOD)
            count += 1


def test_a_goal_that_moves_evenly_is_met_and_kept_without_lag() -> None:
    limits = MotionLimits(-10.0 * np.ones(2), 10.0 * np.ones(2), 2.0, 8.0)
    motion = JointMotion(limits, PERIOD)
    motion.seed(np.zeros(2))
    goal, velocity = np.array([0.5, -0.2]), np.array([0.7, 0.3])
    for k in range(300):
        goal = goal + velocity * PERIOD
        motion.step(goal, velocity, PERIOD)
        if k > 150:
            np.testing.assert_allclose(motion.position, goal, atol=1e-12)
            np.testing.assert_allclose(motion.velocity, velocity, atol=1e-12)


def test_smoothing_does_not_make_a_moving_goal_lag() -> None:
    limits = MotionLimits(-10.0 * np.ones(1), 10.0 * np.ones(1), 2.0, 8.0, 80.0)
    motion = JointMotion(limits, PERIOD)
    motion.seed(np.zeros(1))
    goal, velocity = np.array([0.5]), np.array([0.7])
    for k in range(300):
        goal = goal + velocity * PERIOD
        motion.step(goal, velocity, PERIOD)
        if k > 200:
            np.testing.assert_allclose(motion.position, goal, atol=1e-12)


@pytest.mark.parametrize('jerk', [np.inf, 100.0])
def test_a_stop_takes_no_longer_than_the_limits_force(jerk: float) -> None:
    limits = MotionLimits([-10.0], [10.0], 2.0, 8.0, jerk)
    motion = JointMotion(limits, PERIOD)
    motion.seed(np.zeros(1))
    for _ in range(60):
        motion.step(np.array([9.0]), None, PERIOD)
    assert motion.velocity[0] == pytest.approx(2.0)
    count = 0
    while motion.velocity.any():
        motion.stop(PERIOD)
        count += 1
    assert count * PERIOD <= 2.0 / 8.0 + limits.smoothing_time + 1.01 * PERIOD
    still = motion.position.copy()
    motion.stop(PERIOD)
    assert motion.at_rest or jerk < np.inf
    assert (motion.position == still).all()


def test_a_joint_outside_its_limits_goes_inward_only_at_no_more_than_its_speed() -> None:
    limits = MotionLimits([-1.0, -1.0], [1.0, 1.0], 0.5, 5.0)
    motion = JointMotion(limits, PERIOD)
    motion.seed(np.array([1.3, -1.2]))
    way = moved(motion, np.array([3.0, 0.0]))
    assert (np.diff(way[:, 0]) <= 1e-15).all()
    assert (np.diff(way[:, 1]) >= -1e-15).all()
    assert (way[-1] == [1.0, 0.0]).all()
    assert_kept(np.full(len(way) - 1, PERIOD), way, limits)


def test_a_very_late_step_goes_no_further_than_a_short_one_and_a_stop() -> None:
    limits = MotionLimits([-100.0], [100.0], 2.0, 8.0)
    motion = JointMotion(limits, PERIOD)
    motion.seed(np.zeros(1))
    for _ in range(60):
        motion.step(np.array([90.0]), None, PERIOD)
    before = motion.position[0]
    motion.step(np.array([90.0]), None, 60.0)
    far = 2.0 * LONGEST_STEP * PERIOD + 2.0**2 / (2 * 8.0)
    assert motion.position[0] - before == pytest.approx(far)
    assert not motion.velocity.any()


def test_the_same_calls_give_the_same_bits() -> None:
    def run() -> np.ndarray:
        rng = np.random.default_rng(4)
        motion = JointMotion(limits_of(5, rng, jerk=True), PERIOD)
        motion.seed(np.zeros(5))
        for _ in range(200):
            motion.step(rng.uniform(-2.0, 2.0, 5), rng.normal(0.0, 1.0, 5), PERIOD)
        return motion.position.copy()

    assert (run() == run()).all()


@pytest.mark.parametrize(
    ('bad', 'words'),
    [
        ({'lower': [1.0, 0.0], 'upper': [0.0, 1.0]}, 'above upper'),
        ({'max_velocity': [1.0, 0.0]}, 'max_velocity'),
        ({'max_velocity': np.inf}, 'max_velocity'),
        ({'max_acceleration': np.nan}, 'max_acceleration'),
        ({'max_acceleration': [1.0, 2.0, 3.0]}, 'max_acceleration'),
        ({'max_jerk': [np.inf, 100.0]}, 'max_jerk'),
        ({'max_jerk': 1.0}, 'max_jerk'),
        ({'max_jerk': 'fast'}, 'max_jerk'),
    ],
)
def test_bad_limits_are_refused_by_name(bad: dict[str, object], words: str) -> None:
    good = {
        'lower': [-1.0, -1.0], 'upper': [1.0, 1.0], 'max_velocity': 1.0, 'max_acceleration': 5.0,
    }  # fmt: skip
    with pytest.raises(SettingsError, match=words):
        MotionLimits(**{**good, **bad})
