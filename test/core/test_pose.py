from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ik_gd.core.errors import TargetError
from ik_gd.core.pose import Pose

coordinate = st.floats(-10.0, 10.0)
rotation = st.tuples(*[st.floats(-1.0, 1.0)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1)


@given(st.tuples(coordinate, coordinate, coordinate), rotation)
def test_matrix_and_pose_are_the_same_transform(position, quaternion) -> None:
    pose = Pose(position, np.array(quaternion) / np.linalg.norm(quaternion))
    expected = Rotation.from_quat(quaternion).as_matrix()
    np.testing.assert_allclose(pose.matrix[:3, :3], expected, atol=1e-12)
    again = Pose.from_matrix(pose.matrix)
    np.testing.assert_allclose(again.matrix, pose.matrix, atol=1e-12)
    # q and -q are the same rotation
    assert abs(again.quaternion_xyzw @ pose.quaternion_xyzw) == pytest.approx(1.0, abs=1e-12)


@given(st.tuples(coordinate, coordinate, coordinate), rotation)
def test_inverse_undoes(position, quaternion) -> None:
    pose = Pose(position, np.array(quaternion) / np.linalg.norm(quaternion))
    np.testing.assert_allclose((pose @ pose.inverse()).matrix, np.eye(4), atol=1e-12)


@pytest.mark.parametrize('bad', [(0.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0)])
def test_quaternion_that_is_not_a_unit_is_refused(bad) -> None:
    with pytest.raises(TargetError, match='length'):
        Pose((0.0, 0.0, 0.0), bad)


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(value) -> None:
    with pytest.raises(TargetError, match='position'):
        Pose((0.0, value, 0.0))
    with pytest.raises(TargetError, match='quaternion_xyzw'):
        Pose((0.0, 0.0, 0.0), (0.0, 0.0, value, 1.0))


def test_matrices_that_are_not_rigid_are_refused() -> None:
    mirrored = np.diag([1.0, 1.0, -1.0, 1.0])
    scaled = np.diag([2.0, 2.0, 2.0, 1.0])
    projective = np.eye(4)
    projective[3, 0] = 0.1
    for bad in (mirrored, scaled, projective, np.eye(3), np.full((4, 4), np.nan), 'pose'):
        with pytest.raises(TargetError):
            Pose.from_matrix(bad)


def test_poses_cannot_be_changed() -> None:
    given_position = np.zeros(3)
    pose = Pose(given_position)
    given_position[0] = 1.0
    assert pose.position[0] == 0.0
    with pytest.raises(ValueError, match='read-only'):
        pose.position[0] = 1.0
