"""Goals move on between commands, stay inside limits, and end where the command said."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.motor_goal import MotorGoal

HOLD = 0.03


def goal(start: float = 0.0, lower: float = -1.0, upper: float = 1.0) -> MotorGoal:
    return MotorGoal([start], [lower], [upper], HOLD)


@given(st.floats(-0.5, 0.5), st.floats(-5.0, 5.0), st.floats(0.0, 0.029))
def test_a_goal_moves_on_with_its_velocity(position, velocity, age) -> None:
    g = goal()
    g.set(np.array([position]), np.array([velocity]), now=7.0)
    p, v = g.at(7.0 + age)
    np.testing.assert_allclose(p, position + velocity * age, atol=1e-12)
    np.testing.assert_allclose(v, velocity)


@given(st.floats(-5.0, 5.0), st.floats(-1.0, 1.0))
def test_without_further_commands_it_rests_at_the_commanded_position(velocity, position) -> None:
    g = goal()
    g.set(np.array([position]), np.array([velocity]), now=0.0)
    assert g.at(2.0 * HOLD) == (position, 0.0)


@given(st.floats(-9.0, 9.0), st.floats(-50.0, 50.0), st.floats(0.0, 0.1))
def test_it_never_leaves_the_limits(position, velocity, age) -> None:
    g = goal()
    g.set(np.array([position]), np.array([velocity]), now=0.0)
    p, v = g.at(age)
    assert -1.0 <= p[0] <= 1.0
    assert not (p[0] == 1.0 and v[0] > 0.0)
    assert not (p[0] == -1.0 and v[0] < 0.0)


def test_a_nan_leaves_the_goal_of_a_joint_as_it_is() -> None:
    g = MotorGoal([0.1, 0.2], [-1, -1], [1, 1], HOLD)
    g.set(np.array([np.nan, 0.5]), np.array([3.0, np.nan]), now=0.0)
    p, v = g.at(0.01)
    np.testing.assert_array_equal(p, [0.1, 0.5])
    np.testing.assert_array_equal(v, [0.0, 0.0])


def test_before_the_first_command_it_is_at_the_start_whatever_the_limits() -> None:
    p, v = goal(0.3, -np.inf, np.inf).at(123.0)
    assert (p[0], v[0]) == (0.3, 0.0)
