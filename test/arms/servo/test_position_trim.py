"""The slow correction of play and sag, on a simple joint: a delay, play, and a load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.servo.position_trim import PositionTrim

DT = 0.01
LIMIT = 20.0  # [ticks]


class SlackJoint:
    """A joint that follows its goal two cycles late, within play, and sags by a load."""

    def __init__(self, play=0.0, sag=0.0):
        self._half, self._sag = play / 2.0, sag
        self._goals = [0.0, 0.0]
        self.position = 0.0

    def move(self, goal):
        self._goals.append(goal)
        motor = self._goals.pop(0) - self._sag
        self.position = min(max(self.position, motor - self._half), motor + self._half)
        return round(self.position)


def follow(joint, trim, goals):
    """Return how far the joint was from each goal."""
    measured, errors = round(joint.position), []
    for goal in goals:
        measured = joint.move(trim.apply(goal, measured, DT))
        errors.append(goal - joint.position)
    return np.array(errors)


@pytest.mark.parametrize('joint', [{'play': 12.0}, {'sag': 9.0}, {'play': 12.0, 'sag': -9.0}])
def test_play_and_sag_are_taken_out(joint):
    goals = np.concatenate([np.linspace(0.0, 300.0, 200), np.full(300, 300.0)])
    without = follow(SlackJoint(**joint), PositionTrim(0.0), goals)
    errors = follow(SlackJoint(**joint), PositionTrim(LIMIT), goals)
    assert np.abs(without[-100:]).min() >= 2.9
    assert np.abs(errors[-100:]).max() <= 2.0


def test_it_comes_to_rest_within_play_instead_of_hunting():
    joint, trim = SlackJoint(play=12.0), PositionTrim(LIMIT)
    follow(joint, trim, np.full(1500, 50.0))
    rest = trim.offset
    follow(joint, trim, np.full(3000, 50.0))
    assert trim.offset == rest


def test_a_joint_without_play_is_left_alone_when_it_moves_with_its_usual_delay():
    goals = 300.0 * np.sin(np.arange(1000) * DT)
    trim = PositionTrim(LIMIT)
    errors = follow(SlackJoint(), trim, goals)
    assert np.abs(errors).max() <= 10.0
    assert abs(trim.offset) <= 6.0


@given(st.lists(st.tuples(st.floats(0, 4095), st.integers(-5000, 9000)), max_size=80))
def test_the_shift_is_bounded_whatever_is_measured(pairs):
    trim = PositionTrim(LIMIT)
    for goal, measured in pairs:
        assert abs(trim.apply(goal, measured, DT) - goal) <= LIMIT


@given(st.lists(st.tuples(st.floats(0, 4095), st.integers(-5000, 9000)), max_size=40))
def test_without_a_limit_goals_pass_unchanged(pairs):
    trim = PositionTrim(0.0)
    assert all(trim.apply(goal, measured, DT) == goal for goal, measured in pairs)


def test_reset_forgets():
    trim = PositionTrim(LIMIT)
    follow(SlackJoint(sag=9.0), trim, np.full(200, 50.0))
    assert trim.offset
    trim.reset()
    assert trim.apply(123.0, 0, DT) == 123.0
