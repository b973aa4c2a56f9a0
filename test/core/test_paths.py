"""Paths of targets: continuous, closed, of the size and place that was asked for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from ik_gd.core.errors import SettingsError
from ik_gd.core.paths import PLANES, SHAPES, RecordedPath, ShapePath, StepPath, between
from ik_gd.core.pose import Pose

CENTRE = Pose((0.3, -0.1, 0.4), (0.5, 0.5, 0.5, 0.5))


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('plane', PLANES)
def test_a_figure_is_closed_stays_in_its_plane_and_has_its_width(shape, plane):
    path = ShapePath(shape, CENTRE, 0.05, 4.0, plane)
    points = np.array([path.round_pose(k / 400).position for k in range(401)])
    np.testing.assert_allclose(points[0], points[-1], atol=1e-12)
    offsets = points - CENTRE.position
    across = ({0, 1, 2} - {'xyz'.index(axis) for axis in plane}).pop()
    np.testing.assert_array_equal(offsets[:, across], 0.0)
    first = offsets[:, 'xyz'.index(plane[0])]
    assert first.max() == pytest.approx(0.05, rel=1e-3)
    assert first.min() == pytest.approx(-0.05, rel=1e-3)


@pytest.mark.parametrize('shape', SHAPES)
def test_a_figure_begins_at_rest_and_has_no_jumps(shape):
    path = ShapePath(shape, CENTRE, 0.05, 2.0)
    times = np.arange(0.0, 6.0, 0.001)
    points = np.array([path.pose(t).position for t in times])
    speed = np.linalg.norm(np.diff(points, axis=0), axis=1) / 0.001
    assert speed[0] < 1e-3
    # No figure is longer than the square, whose sides are ridden at up to 1.5 times the mean.
    assert speed.max() < 1.6 * 8 * 0.05 / 2.0


def test_the_orientation_of_a_figure_stays():
    path = ShapePath('circle', CENTRE, 0.05, 2.0)
    np.testing.assert_array_equal(path.pose(1.23).quaternion_xyzw, CENTRE.quaternion_xyzw)


@pytest.mark.parametrize(
    ('arguments', 'word'),
    [
        (('heart', CENTRE, 0.1, 1.0), 'heart'),
        (('circle', CENTRE, 0.0, 1.0), 'size'),
        (('circle', CENTRE, math.nan, 1.0), 'size'),
        (('circle', CENTRE, 0.1, -1.0), 'period'),
        (('circle', CENTRE, 0.1, 1.0, 'zx'), 'zx'),
    ],
)
def test_an_impossible_figure_is_refused_by_name(arguments, word):
    with pytest.raises(SettingsError, match=word):
        ShapePath(*arguments)


def test_steps_hold_each_pose_for_the_dwell_and_begin_again():
    poses = [Pose((k, 0, 0)) for k in range(3)]
    path = StepPath(poses, 2.0)
    assert [path.pose(t).position[0] for t in (0.0, 1.99, 2.0, 5.9, 6.0)] == [0, 0, 1, 2, 0]


quaternions = (
    st.lists(st.floats(-1.0, 1.0), min_size=4, max_size=4)
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: np.array(q) / np.linalg.norm(q))
)


@given(quaternions, quaternions, st.floats(0.0, 1.0))
def test_between_two_poses_is_the_shortest_turn(start, end, part):
    turn = Rotation.from_quat(start).inv() * Rotation.from_quat(end)
    if turn.magnitude() > math.pi - 1e-3:
        return  # two shortest turns
    got = between(Pose((0, 0, 0), start), Pose((1, 2, 3), end), part)
    slerp = Slerp([0, 1], Rotation.from_quat([start, end]))
    difference = Rotation.from_quat(got.quaternion_xyzw).inv() * slerp(part)
    assert difference.magnitude() < 1e-6
    np.testing.assert_allclose(got.position, part * np.array([1, 2, 3]), atol=1e-12)


def test_a_recording_is_played_between_its_rows_and_repeated(tmp_path):
    file = tmp_path / 'path.csv'
    file.write_text('t,x,y,z,qx,qy,qz,qw\n0,0,0,0,0,0,0,1\n1,1,0,0,0,0,0,1\n2,0,0,0,0,0,0,1\n')
    path = RecordedPath.from_csv(file)
    xs = [path.pose(t).position[0] for t in (0.0, 0.25, 1.0, 1.75, 2.25)]
    np.testing.assert_allclose(xs, [0.0, 0.25, 1.0, 0.25, 0.25], atol=1e-12)


@pytest.mark.parametrize(
    'text', ['', '0,0,0,0,0,0,0,1\n', '0,0,0,0,0,0,0,1\n0,1,0,0,0,0,0,1\n', 'a,b\n1,2\n']
)
def test_an_unusable_recording_is_refused(tmp_path, text):
    file = tmp_path / 'path.csv'
    file.write_text(text)
    with pytest.raises(SettingsError):
        RecordedPath.from_csv(file)


def test_a_missing_recording_is_named():
    with pytest.raises(SettingsError, match=r'nowhere\.csv'):
        RecordedPath.from_csv('nowhere.csv')
