"""Trajectories pass their points at their times; the newest order for a joint wins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import CubicHermiteSpline, interp1d

from ik_gd.core.errors import CommandError
from ik_gd.core.trajectory import Trajectory, TrajectoryPlayer

finite = st.floats(-10.0, 10.0, allow_subnormal=False)


@st.composite
def timed_points(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    k, n = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    gaps = draw(arrays(float, k, elements=st.floats(0.01, 2.0)))
    rows = arrays(float, (k, n), elements=finite)
    return np.cumsum(gaps) - gaps[0], draw(rows), draw(rows)


@given(timed_points(), st.floats(0.0, 1.0))
def test_between_points_without_velocities_it_is_straight_as_scipys(points, share) -> None:
    time, position, _ = points
    t = share * time[-1]
    expected = interp1d(time, position, axis=0)(t)
    np.testing.assert_allclose(Trajectory(time, position).sample(t)[0], expected, atol=1e-9)


@given(timed_points(), st.floats(0.0, 0.999))
def test_between_points_with_velocities_it_is_the_hermite_spline_of_scipy(points, share) -> None:
    time, position, velocity = points
    t = share * time[-1]
    spline = CubicHermiteSpline(time, position, velocity)
    p, v = Trajectory(time, position, velocity).sample(t)
    np.testing.assert_allclose(p, spline(t), atol=1e-8)
    if share > 0.0:
        scale = 1.0 + np.abs(np.diff(position, axis=0)).max() / np.diff(time).min()
        np.testing.assert_allclose(v, spline(t, 1), atol=1e-9 * scale)


@given(timed_points())
def test_it_rests_at_its_last_point_for_ever(points) -> None:
    time, position, velocity = points
    p, v = Trajectory(time, position, velocity).sample(time[-1] + 5.0)
    assert np.array_equal(p, position[-1])
    assert not v.any()


def test_a_start_is_put_in_front_unless_the_first_point_is_due_at_once() -> None:
    here, rest = np.array([1.0]), np.zeros(1)
    later = Trajectory([1.0], [[3.0]]).starting_at(here, rest)
    assert later.sample(0.5)[0] == pytest.approx(2.0)
    at_once = Trajectory([0.0, 1.0], [[5.0], [3.0]]).starting_at(here, rest)
    assert at_once.sample(0.0)[0] == 5.0


@pytest.mark.parametrize(
    ('time', 'position', 'velocity', 'complaint'),
    [
        ([], [], None, 'at least one point'),
        ([0.0, 0.0], [[1.0], [2.0]], None, 'do not increase'),
        ([-1.0], [[1.0]], None, 'negative'),
        ([1.0], [[np.nan]], None, 'position is NaN'),
        ([1.0], [[1.0]], [[np.inf]], 'velocity is NaN or infinite'),
        ([1.0, 2.0], [[1.0]], None, 'do not make a trajectory'),
        ([1.0], [[1.0]], [[1.0, 2.0]], 'do not make a trajectory'),
    ],
)
def test_points_that_make_no_sense_are_refused(time, position, velocity, complaint) -> None:
    with pytest.raises(CommandError, match=complaint):
        Trajectory(time, position, velocity)


def joints(*indices: int) -> np.ndarray:
    return np.array(indices, dtype=np.intp)


def test_joints_without_a_trajectory_are_left_alone() -> None:
    player = TrajectoryPlayer(3)
    player.play(Trajectory([0.0, 1.0], [[0.0, 0.0], [2.0, 4.0]]), joints(2, 0), start=10.0)
    np.testing.assert_array_equal(player.sample(10.5)[0], [2.0, np.nan, 1.0])


def test_before_its_start_a_trajectory_says_nothing() -> None:
    player = TrajectoryPlayer(1)
    player.play(Trajectory([0.0, 1.0], [[1.0], [2.0]]), joints(0), start=10.0)
    assert np.isnan(player.sample(9.9)[0]).all()
    assert player.active


def test_a_newer_trajectory_takes_over_the_joints_it_names_and_no_others() -> None:
    player = TrajectoryPlayer(2)
    player.play(Trajectory([0.0, 10.0], [[0.0, 0.0], [10.0, 10.0]]), joints(0, 1), start=0.0)
    player.play(Trajectory([0.0, 10.0], [[5.0], [5.0]]), joints(1), start=0.0)
    np.testing.assert_allclose(player.sample(1.0)[0], [1.0, 5.0])


def test_a_released_joint_is_driven_no_more() -> None:
    player = TrajectoryPlayer(2)
    player.play(Trajectory([0.0, 10.0], [[0.0, 0.0], [10.0, 10.0]]), joints(0, 1), start=0.0)
    player.release(joints(0))
    np.testing.assert_array_equal(player.sample(1.0)[0], [np.nan, 1.0])
    player.release(joints(1))
    assert not player.active


def test_the_last_sample_is_the_last_point_at_rest_however_late_it_comes() -> None:
    player = TrajectoryPlayer(1)
    player.play(Trajectory([0.0, 1.0], [[0.0], [2.0]]), joints(0), start=0.0)
    position, velocity = player.sample(1.7)
    assert (position[0], velocity[0]) == (2.0, 0.0)
    assert not player.active
