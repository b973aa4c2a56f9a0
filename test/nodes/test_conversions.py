"""Messages to core types: every bad number and every order of names."""

import math

import numpy as np
import pytest
from geometry_msgs.msg import Point, Quaternion, Twist, Vector3
from geometry_msgs.msg import Pose as PoseMessage
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectoryPoint

from ik_gd.core.errors import TargetError
from ik_gd.core.pose import Pose
from ik_gd.nodes.conversions import (
    JointReader,
    buffer_of,
    pose_from_message,
    twist_from_message,
    write_pose,
)


def message_of(position=(0.1, 0.2, 0.3), quaternion=(0.0, 0.0, 0.0, 1.0)):
    x, y, z = position
    qx, qy, qz, qw = quaternion
    return PoseMessage(
        position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw)
    )


def test_a_pose_survives_the_way_through_a_message():
    pose = Pose((1.0, -2.0, 3.0), (0.5, -0.5, 0.5, 0.5))
    message = PoseMessage()
    write_pose(pose, message)
    back = pose_from_message(message)
    np.testing.assert_array_equal(back.position, pose.position)
    np.testing.assert_array_equal(back.quaternion_xyzw, pose.quaternion_xyzw)


@pytest.mark.parametrize(
    'message',
    [
        message_of(position=(math.nan, 0.0, 0.0)),
        message_of(position=(0.0, math.inf, 0.0)),
        message_of(quaternion=(0.0, 0.0, 0.0, 0.0)),
        message_of(quaternion=(0.0, 0.0, 0.0, 2.0)),
        message_of(quaternion=(0.0, math.nan, 0.0, 1.0)),
    ],
)
def test_a_pose_that_is_none_is_refused(message):
    with pytest.raises(TargetError):
        pose_from_message(message)


def test_a_twist_is_read_and_a_nan_in_it_refused():
    linear, angular = twist_from_message(
        Twist(linear=Vector3(x=1.0, y=2.0, z=3.0), angular=Vector3(x=4.0, y=5.0, z=6.0))
    )
    np.testing.assert_array_equal(linear, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(angular, [4.0, 5.0, 6.0])
    with pytest.raises(TargetError):
        twist_from_message(Twist(angular=Vector3(x=math.nan)))


@given(st.permutations('abcdefg'), st.integers(0, 7))
def test_joints_are_found_by_name_in_any_order_and_number(names, count):
    reader = JointReader('aceg')
    given_names = list(names[:count])
    values = {name: float(ord(name)) for name in given_names}
    position = reader.read(
        JointState(name=given_names, position=[values[name] for name in given_names])
    )
    if not set(given_names) & set('aceg'):
        assert position is None
        return
    np.testing.assert_array_equal(position, [values.get(name, math.nan) for name in 'aceg'])


def test_a_joint_that_the_next_message_lacks_is_unknown_again():
    reader = JointReader('ab')
    reader.read(JointState(name=['a', 'b'], position=[1.0, 2.0]))
    np.testing.assert_array_equal(
        reader.read(JointState(name=['b'], position=[3.0])), [math.nan, 3.0]
    )


def test_names_and_positions_of_unequal_length_are_refused():
    with pytest.raises(TargetError, match='2 names has 1'):
        JointReader('ab').read(JointState(name=['a', 'b'], position=[1.0]))


@pytest.mark.parametrize(
    ('make', 'field'), [(JointState, 'position'), (JointTrajectoryPoint, 'positions')]
)
def test_what_is_written_to_a_buffer_is_in_the_message(make, field):
    message = make()
    buffer = buffer_of(message, field, 3)
    buffer[:] = [1.0, 2.0, 3.0]
    assert list(getattr(message, field)) == [1.0, 2.0, 3.0]
