"""Commands are read by name, whatever their order and company; contradictions are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ik_gd.core.errors import CommandError
from ik_gd.nodes.joint_messages import JointMessageReader

ARM = ('pan', 'lift', 'elbow', 'gripper')
STRANGERS = ('left_pan', 'wheel', 'camera')
number = st.floats(-3.0, 3.0)


@given(st.permutations(ARM + STRANGERS), st.integers(0, 7), st.data())
def test_any_order_any_part_and_any_company_give_the_same_command(names, size, data) -> None:
    names = list(names)[:size]
    position = data.draw(st.lists(number | st.just(math.nan), min_size=size, max_size=size))
    velocity = data.draw(st.lists(number | st.just(math.nan), min_size=size, max_size=size))
    told = dict(zip(names, zip(position, velocity, strict=True), strict=True))
    message = JointState(name=names, position=position, velocity=velocity)
    command = JointMessageReader(ARM).read_command(message)
    nothing = (math.nan, math.nan)
    expected = [told.get(name, nothing)[0] for name in ARM]
    np.testing.assert_array_equal(command.position, expected)
    assert command.joints.tolist() == [i for i, p in enumerate(expected) if not math.isnan(p)]
    if size:
        speeds = [told.get(name, nothing)[1] for name in ARM]
        np.testing.assert_array_equal(command.velocity, speeds)


def test_velocities_may_be_left_out() -> None:
    command = JointMessageReader(ARM).read_command(JointState(name=['lift'], position=[1.0]))
    assert command.velocity is None


@pytest.mark.parametrize(
    ('message', 'complaint'),
    [
        (JointState(name=['pan', 'lift'], position=[1.0]), '2 names with 1 position'),
        (JointState(name=['pan'], position=[1.0, 2.0]), '1 names with 2 position'),
        (JointState(name=['pan']), '1 names with no positions'),
        (JointState(name=['pan'], position=[1.0], velocity=[1.0, 2.0]), 'with 2 velocity'),
        (JointState(name=['pan', 'pan'], position=[1.0, 2.0]), 'named twice: pan'),
        (JointState(name=['pan'], position=[math.inf]), 'infinite position'),
        (JointState(name=['pan'], position=[1.0], velocity=[-math.inf]), 'infinite velocity'),
        (JointState(name=[], position=[1.0]), '0 names with 1 position'),
    ],
)
def test_a_command_that_contradicts_itself_is_refused(message, complaint) -> None:
    reader = JointMessageReader(ARM)
    with pytest.raises(CommandError, match=complaint):
        reader.read_command(message)


def test_a_refused_message_does_not_spoil_the_next_one() -> None:
    reader = JointMessageReader(ARM)
    with pytest.raises(CommandError):
        reader.read_command(JointState(name=['pan', 'pan'], position=[1.0, 2.0]))
    command = reader.read_command(JointState(name=['gripper'], position=[0.5]))
    assert command.joints.tolist() == [3]


def test_each_unknown_name_is_told_once() -> None:
    reader = JointMessageReader(ARM)
    reader.read_command(JointState(name=['wheel', 'pan'], position=[1.0, 2.0]))
    assert reader.take_unknown() == ('wheel',)
    assert reader.take_unknown() == ()
    reader.read_command(JointState(name=['camera', 'wheel'], position=[1.0, 2.0]))
    assert reader.take_unknown() == ('camera',)


def trajectory(names: list[str], *points: tuple[float, list[float], list[float]]):
    message = JointTrajectory(joint_names=names)
    for time, positions, velocities in points:
        point = JointTrajectoryPoint(positions=positions, velocities=velocities)
        point.time_from_start.sec = int(time)
        point.time_from_start.nanosec = round((time % 1.0) * 1e9)
        message.points.append(point)
    return message


def test_a_trajectory_is_read_by_name_too() -> None:
    message = trajectory(
        ['wheel', 'gripper', 'pan'], (0.25, [9.0, 1.0, 2.0], []), (1.5, [9.0, 3.0, 4.0], [])
    )
    found, joints = JointMessageReader(ARM).read_trajectory(message)
    assert joints.tolist() == [3, 0]
    assert found.duration == 1.5
    np.testing.assert_allclose(found.sample(1.5)[0], [3.0, 4.0])


def test_a_trajectory_for_another_arm_is_nobodys_error() -> None:
    message = trajectory(['wheel'], (1.0, [1.0], []))
    assert JointMessageReader(ARM).read_trajectory(message) is None


@pytest.mark.parametrize(
    ('message', 'complaint'),
    [
        (trajectory(['pan']), 'at least one point'),
        (trajectory(['pan'], (1.0, [1.0, 2.0], [])), '1 names with 2 position'),
        (trajectory(['pan'], (1.0, [], [1.0])), 'without positions'),
        (trajectory(['pan'], (1.0, [1.0], [0.0]), (2.0, [1.0], [])), 'all or none'),
        (trajectory(['pan'], (2.0, [1.0], []), (1.0, [1.0], [])), 'do not increase'),
        (trajectory(['pan'], (1.0, [math.nan], [])), 'NaN'),
        (trajectory(['pan', 'pan'], (1.0, [1.0, 1.0], [])), 'named twice'),
    ],
)
def test_a_trajectory_that_contradicts_itself_is_refused(message, complaint) -> None:
    with pytest.raises(CommandError, match=complaint):
        JointMessageReader(ARM).read_trajectory(message)
