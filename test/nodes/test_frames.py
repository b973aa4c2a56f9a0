"""Targets in other frames, with the frames in a table."""

import math

import numpy as np
import pytest

from ik_gd.core.errors import TargetError
from ik_gd.core.pose import Pose
from ik_gd.nodes.frames import BaseOnly, pose_in_base

CAMERA = Pose((1.0, 0.0, 0.5), (0.0, 0.0, math.sin(math.pi / 4), math.cos(math.pi / 4)))


class Table:
    """A camera that looks along the base's y axis."""

    def place(self, frame: str, base: str) -> Pose:
        if (frame, base) != ('camera', 'base'):
            raise TargetError(f'no {frame}')
        return CAMERA


def test_a_pose_in_the_base_needs_no_look_up():
    pose = Pose((1.0, 2.0, 3.0))
    assert pose_in_base(pose, 'base', 'base', BaseOnly()) is pose


def test_a_pose_in_another_frame_is_turned_and_moved():
    found = pose_in_base(Pose((0.2, 0.0, 0.0)), 'camera', 'base', Table())
    np.testing.assert_allclose(found.position, (1.0, 0.2, 0.5), atol=1e-12)
    np.testing.assert_allclose(found.quaternion_xyzw, CAMERA.quaternion_xyzw, atol=1e-12)


@pytest.mark.parametrize('frame', ['', 'nowhere'])
def test_an_empty_or_unknown_frame_is_refused(frame):
    with pytest.raises(TargetError):
        pose_in_base(Pose((0.0, 0.0, 0.0)), frame, 'base', Table())


def test_without_tf_the_message_says_what_is_missing_and_what_works():
    with pytest.raises(TargetError, match="tf2_ros is not installed; give targets in 'base'"):
        pose_in_base(Pose((0.0, 0.0, 0.0)), 'camera', 'base', BaseOnly())
