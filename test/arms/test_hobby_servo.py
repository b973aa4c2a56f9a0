"""The servo model is late, coarse, limited and slack by exactly what its settings say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ik_gd.arms.hobby_servo import HobbyServo, HobbyServoSettings
from ik_gd.core.errors import SettingsError

STEP = 1.0 / 240.0
IDEAL = {
    'delay': 0.0,
    'ticks_per_turn': 0,
    'dead_band': 0.0,
    'max_velocity': 5.0,
    'max_acceleration': 50.0,
    'backlash': 0.0,
}


def follow(goals: list[float], **settings_: float) -> tuple[np.ndarray, np.ndarray]:
    """Return positions and velocities of one servo that starts at 0."""
    servo = HobbyServo([0.0], STEP, HobbyServoSettings(**{**IDEAL, **settings_}))
    moves = [servo.advance(np.array([goal])) for goal in goals]
    return np.array([p[0] for p, _ in moves]), np.array([v[0] for _, v in moves])


goal_lists = st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=8).map(
    lambda goals: [goal for goal in goals for _ in range(30)]
)


@settings(max_examples=40, deadline=None)
@given(goal_lists, st.floats(0.5, 8.0), st.floats(5.0, 200.0))
def test_speed_and_acceleration_stay_inside_their_limits(goals, speed, acceleration) -> None:
    _, velocity = follow(goals, max_velocity=speed, max_acceleration=acceleration)
    assert np.abs(velocity).max() <= speed * (1 + 1e-9)
    changes = np.abs(np.diff(velocity, prepend=0.0))
    assert changes.max() <= acceleration * STEP * (1 + 1e-6)


@settings(max_examples=40, deadline=None)
@given(st.floats(-2.0, 2.0))
def test_a_step_is_reached_without_going_past_it(goal) -> None:
    position, _ = follow([goal] * 480)
    assert position[-1] == pytest.approx(goal, abs=1e-6)
    assert np.abs(position).max() <= abs(goal) + 1e-6


def test_motion_begins_after_the_delay() -> None:
    position, _ = follow([1.0] * 24, delay=0.05)
    assert np.flatnonzero(position)[0] == round(0.05 / STEP)


@settings(max_examples=40, deadline=None)
@given(st.floats(-2.0, 2.0), st.integers(100, 5000))
def test_it_comes_to_rest_on_a_tick(goal, ticks) -> None:
    position, _ = follow([goal] * 480, ticks_per_turn=ticks)
    tick = 2 * math.pi / ticks
    assert abs(position[-1] - goal) <= tick / 2 + 1e-6
    assert abs(position[-1] / tick - round(position[-1] / tick)) < 1e-3


def test_changes_inside_the_dead_band_do_nothing() -> None:
    position, _ = follow([0.009] * 50, dead_band=0.01)
    assert not position.any()
    position, _ = follow([0.02] * 50, dead_band=0.01)
    assert position[-1] == pytest.approx(0.02)


def test_backlash_is_lost_at_each_turn_round() -> None:
    position, _ = follow([1.0] * 480 + [0.0] * 480, backlash=0.04)
    assert position[479] == pytest.approx(0.98)
    assert position[-1] == pytest.approx(0.02)


def test_reset_forgets_what_was_on_the_way() -> None:
    servo = HobbyServo([0.0], STEP, HobbyServoSettings(**{**IDEAL, 'delay': 0.05}))
    for _ in range(30):
        servo.advance(np.array([1.0]))
    servo.reset([0.5])
    position, velocity = servo.advance(np.array([0.5]))
    assert (position[0], velocity[0]) == (0.5, 0.0)


@pytest.mark.parametrize(
    'bad', [{'delay': -1.0}, {'max_velocity': 0.0}, {'backlash': math.nan}, {'dead_band': -0.1}]
)
def test_settings_out_of_range_are_refused_by_name(bad) -> None:
    with pytest.raises(SettingsError, match=next(iter(bad))):
        HobbyServoSettings(**bad)
