"""An arm node does what it is told, joint by joint, and nothing on bad input."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from ros_bench import Bench
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ik_gd.arms.perfect import PerfectArm
from ik_gd.nodes.arm_node import ArmNode

JOINTS = ('pan', 'lift', 'gripper')


class RecordingArm(PerfectArm):
    """A perfect arm that remembers where it was sent, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__(JOINTS, [0.1, 0.2, 0.3], time.monotonic)
        self.path: list[np.ndarray] = []
        self.closed = False

    def write(self, position, velocity=None) -> None:
        super().write(position, velocity)
        self.path.append(position.copy())

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.close()


@pytest.fixture
def node(bench) -> ArmNode:
    node = bench.make(ArmNode, 'arm_node')
    node.attach(RecordingArm(), 100.0)
    return node


@pytest.fixture
def states(bench, node) -> list[JointState]:
    states = bench.listen(JointState, 'joint_states')
    bench.wait_for_more(states)
    return states


def seconds(stamp) -> float:
    return stamp.sec + 1e-9 * stamp.nanosec


def trajectory(names: list[str], *points: tuple[float, list[float]]) -> JointTrajectory:
    message = JointTrajectory(joint_names=names)
    for due, positions in points:
        point = JointTrajectoryPoint(positions=positions)
        point.time_from_start.sec, rest = divmod(round(due * 1e9), 10**9)
        point.time_from_start.nanosec = rest
        message.points.append(point)
    return message


def test_states_carry_all_joints_with_increasing_stamps(bench, states) -> None:
    bench.wait_for_more(states, 20)
    stamps = [seconds(state.header.stamp) for state in states]
    assert all(later > earlier for earlier, later in pairwise(stamps))
    for state in states:
        assert tuple(state.name) == JOINTS
        assert len(state.position) == len(state.velocity) == len(state.effort) == 3
    assert list(states[-1].position) == [0.1, 0.2, 0.3]


def test_a_shuffled_partial_command_with_strangers_moves_what_it_names(
    bench, node, states
) -> None:
    speaker = bench.speaker(JointState, 'joint_command')
    speaker.publish(JointState(name=['gripper', 'wheel', 'pan'], position=[3.0, 9.0, 1.0]))
    bench.wait(lambda: states[-1].position[0] == 1.0)
    assert list(states[-1].position) == [1.0, 0.2, 3.0]
    assert len(node.arm.path) == 1


@pytest.mark.parametrize(
    'bad',
    [
        JointState(name=['pan', 'lift'], position=[5.0]),
        JointState(name=['pan', 'pan'], position=[5.0, 6.0]),
        JointState(name=['pan', 'lift'], position=[5.0, float('inf')]),
    ],
)
def test_a_bad_command_moves_nothing_and_shows_in_diagnostics(bench, node, states, bad) -> None:
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics')
    speaker = bench.speaker(JointState, 'joint_command')
    speaker.publish(bad)

    def rejected() -> bool:
        newest = [array.status[0] for array in diagnostics]
        return any('joint_command rejected' in status.message for status in newest)

    bench.wait(rejected)
    assert node.arm.path == []
    speaker.publish(JointState(name=['lift'], position=[0.7]))
    bench.wait(lambda: node.arm.path)
    assert list(node.arm.read().position) == [0.1, 0.7, 0.3]


def test_a_command_for_another_arm_moves_nothing(bench, node, states) -> None:
    speaker = bench.speaker(JointState, 'joint_command')
    speaker.publish(JointState(name=['wheel'], position=[5.0]))
    speaker.publish(JointState(name=['lift'], position=[float('nan')]))
    speaker.publish(JointState(name=['lift'], position=[0.7]))
    bench.wait(lambda: node.arm.path)
    np.testing.assert_array_equal(node.arm.path, [[np.nan, 0.7, np.nan]])


def test_a_trajectory_passes_its_points_from_where_the_arm_is(bench, node, states) -> None:
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    speaker.publish(trajectory(['lift', 'pan'], (0.1, [1.2, 0.1]), (0.3, [0.2, 0.1])))
    bench.wait(lambda: len(node.arm.path) > 2 and not node._player.active)
    lift = np.array(node.arm.path)[:, 1]
    assert lift.min() >= 0.2
    assert lift.max() <= 1.2
    top = int(lift.argmax())
    assert (np.diff(lift[: top + 1]) >= 0.0).all()
    assert (np.diff(lift[top:]) <= 0.0).all()
    assert lift[-1] == 0.2
    assert list(node.arm.read().position) == [0.1, 0.2, 0.3]


def test_a_trajectory_ends_on_its_last_point_at_rest(bench, node, states) -> None:
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    speaker.publish(trajectory(['pan'], (0.05, [1.0])))
    bench.wait(lambda: states[-1].position[0] == 1.0)
    assert states[-1].velocity[0] == 0.0


def test_a_newer_trajectory_replaces_the_one_under_way(bench, node, states) -> None:
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    speaker.publish(trajectory(['pan'], (3600.0, [100.0])))
    bench.wait(lambda: node.arm.path)
    speaker.publish(trajectory(['pan'], (0.05, [-1.0])))
    bench.wait(lambda: states[-1].position[0] == -1.0)
    assert not node._player.active


def test_a_gripper_can_be_commanded_beside_a_trajectory(bench, node, states) -> None:
    mover = bench.speaker(JointTrajectory, 'joint_trajectory')
    gripper = bench.speaker(JointState, 'joint_command')
    mover.publish(trajectory(['pan', 'gripper'], (0.0, [0.1, 0.3]), (3600.0, [3600.1, 3600.3])))
    bench.wait(lambda: len(node.arm.path) > 2)
    gripper.publish(JointState(name=['gripper'], position=[-7.0]))
    bench.wait(lambda: states[-1].position[2] == -7.0)
    before = states[-1].position[0]
    bench.wait_for_more(states, 5)
    assert states[-1].position[0] > before
    assert states[-1].position[2] == -7.0


def test_a_trajectory_that_begins_in_an_hour_waits_for_it(bench, node, states) -> None:
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    later = trajectory(['pan'], (1.0, [5.0]))
    later.header.stamp.sec = node.get_clock().now().seconds_nanoseconds()[0] + 3600
    speaker.publish(later)
    bench.wait(lambda: node._player.active)
    bench.wait_for_more(states, 10)
    assert states[-1].position[0] == 0.1


def test_a_trajectory_that_ended_in_the_past_is_rejected(bench, node, states) -> None:
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics')
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    old = trajectory(['pan'], (1.0, [5.0]))
    old.header.stamp.sec = node.get_clock().now().seconds_nanoseconds()[0] - 3600
    speaker.publish(old)
    bench.wait(lambda: any('ended' in array.status[0].message for array in diagnostics))
    assert node.arm.path == []


def test_forgotten_commands_move_nothing_more(bench, node, states) -> None:
    speaker = bench.speaker(JointTrajectory, 'joint_trajectory')
    speaker.publish(trajectory(['pan'], (3600.0, [100.0])))
    bench.wait(lambda: node.arm.path)
    node.forget_commands()
    count = len(node.arm.path)
    bench.wait_for_more(states, 10)
    assert len(node.arm.path) == count


def test_diagnostics_name_the_node_and_count(bench, node, states) -> None:
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics')
    bench.wait_for_more(diagnostics, 2)
    status = diagnostics[-1].status[0]
    assert status.name == 'arm_node: joints'
    assert status.level in (DiagnosticStatus.OK, DiagnosticStatus.WARN)
    assert float({v.key: v.value for v in status.values}['joint state rate [Hz]']) > 0.0


def test_leaving_lets_go_of_the_arm(bench, node) -> None:
    node.on_exit()
    assert node.arm.closed


def test_before_it_has_an_arm_a_node_has_nothing_to_let_go(bench) -> None:
    bench.make(ArmNode, 'armless').on_exit()
