"""The behaviours of docs/behaviours.md that need an ik_node started in a way of its own."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TransformStamped
from node_bench import DESK6, Bench, NodeProcess, angle, distance, plain_joint_state
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

from ik_gd.core.chain import Chain
from ik_gd.core.pose import Pose
from ik_gd.core.urdf import load_urdf_text
from ik_gd.nodes.interfaces import LATCHED

StartNode = Callable[..., NodeProcess]
MakeBench = Callable[..., Bench]
PERIOD = 0.01
SO101 = DESK6.with_name('so101.urdf')


def moved(bench: Bench, by: float) -> Pose:
    return bench.chain.forward(bench.q + by)


@pytest.fixture
def tf2_ros(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The installed tf2_ros, or one of the same interface that the nodes then find too."""
    if find_spec('tf2_ros') is None:
        folder = str(Path(__file__).parents[1] / 'support' / 'tf2_stand_in')
        monkeypatch.setenv('PYTHONPATH', folder, prepend=os.pathsep)
        monkeypatch.syspath_prepend(folder)
    return import_module('tf2_ros')


def transform(parent: str, child: str, pose: Pose) -> TransformStamped:
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    p, q = message.transform.translation, message.transform.rotation
    p.x, p.y, p.z = pose.position.tolist()
    q.x, q.y, q.z, q.w = pose.quaternion_xyzw.tolist()
    return message


def test_behaviour_08_a_target_in_another_frame_is_where_tf_says(
    start_node: StartNode, make_bench: MakeBench, tf2_ros: ModuleType
) -> None:
    bench = make_bench(namespace='tf')
    base = bench.chain.base_link
    mast = Pose((0.5, 0.3, 0.4), (0.0, 0.0, math.sin(0.4), math.cos(0.4)))
    camera = Pose((0.0, 0.1, 0.2), (math.sin(0.3), 0.0, 0.0, math.cos(0.3)))
    tool = bench.chain.forward(bench.q)
    broadcaster = tf2_ros.StaticTransformBroadcaster(bench)
    broadcaster.sendTransform(
        [
            transform(base, 'mast', mast),
            transform('mast', 'camera', camera),
            transform(base, 'tool', tool),
        ]
    )
    node = start_node('ik_node', parameters={'urdf': str(DESK6)}, remaps=['__ns:=/tf'])
    bench.wait_for_node()
    target = moved(bench, 0.2)
    placed = {
        None: target,
        'camera': (mast @ camera).inverse() @ target,
        'tool': tool.inverse() @ target,
    }
    ends = {}
    for frame, pose in placed.items():
        bench.start_afresh()
        bench.wait_for(lambda f=frame, p=pose: is_taken(bench, p, f), f'a target in {frame}')
        bench.wait_for_state('REACHED')
        bench.wait_for_rest()
        ends[frame] = bench.commands[-1].position
    for end in ends.values():
        np.testing.assert_allclose(end, ends[None], atol=1e-6)
    bench.send(target, 'nowhere')
    bench.wait_for(
        lambda: "no transform from 'nowhere'" in bench.statuses[-1].values['input'],
        'a status that tells of the unknown frame',
    )
    assert 'TF is not available' not in node.log


def is_taken(bench: Bench, pose: Pose, frame: str | None) -> bool:
    """Send a target and return whether the arm follows: a transform may still be on its way."""
    bench.send(pose, frame)
    bench.watch(0.1)
    return bool(bench.commands)


@pytest.mark.skipif(find_spec('tf2_ros') is not None, reason='tf2_ros is installed')
def test_behaviour_08_without_tf_the_status_says_what_is_missing_and_what_works(
    start_node: StartNode, make_bench: MakeBench
) -> None:
    bench = make_bench(namespace='without_tf')
    node = start_node('ik_node', parameters={'urdf': str(DESK6)}, remaps=['__ns:=/without_tf'])
    bench.wait_for_node()
    bench.wait_for_state('HOLDING')
    bench.send(moved(bench, 0.2), 'camera')
    told = bench.wait_for(
        lambda: next((s for s in bench.statuses if s.values['input'] != 'ok'), None), 'a rejection'
    )
    base = bench.chain.base_link
    expected = f"'camera' needs TF, and tf2_ros is not installed; give targets in '{base}'"
    assert expected in told.values['input']
    assert 'TF is not available' in node.log
    assert not bench.commands


def test_behaviour_09_float64_multi_array_is_in_the_order_of_the_controller(
    start_node: StartNode, make_bench: MakeBench
) -> None:
    bench = make_bench(namespace='forward', command_type=Float64MultiArray)
    names = list(bench.chain.joint_names)
    order = [names[3], 'gripper', *names[:3], *names[4:]]
    start_node(
        'ik_node',
        parameters={
            'urdf': str(DESK6),
            'command_type': 'float64_multi_array',
            'command_joints': order,
        },
        remaps=['__ns:=/forward'],
    )
    bench.joint_state = lambda n, q: JointState(name=[*n, 'gripper'], position=[*q, 0.7])
    bench.obeys = False
    bench.wait_for_node()
    measured = dict(zip(names, bench.q.tolist(), strict=True), gripper=0.7)
    bench.send(moved(bench, 0.2))
    first = bench.wait_for(lambda: bench.messages, 'a command')[0]
    assert list(first.data) == pytest.approx([measured[name] for name in order], abs=0.03)
    assert len(first.data) == 7
    assert all(message.data[1] == 0.7 for message in bench.messages)  # the gripper holds still


MIMIC = """<robot name="mimic">
<link name="base"/><link name="a"/><link name="b"/><link name="tip"/>
<joint name="turn" type="revolute"><parent link="base"/><child link="a"/><axis xyz="0 0 1"/>
  <limit lower="-2" upper="2" velocity="2"/></joint>
<joint name="lift" type="revolute"><parent link="a"/><child link="b"/><origin xyz="0.2 0 0"/>
  <axis xyz="0 1 0"/><limit lower="-1" upper="1" velocity="2"/></joint>
<joint name="parallel" type="revolute"><parent link="b"/><child link="tip"/>
  <origin xyz="0.2 0 0"/><axis xyz="0 1 0"/><limit lower="-1" upper="1" velocity="2"/>
  <mimic joint="lift" multiplier="-1"/></joint>
</robot>"""


def test_behaviour_09_a_mimic_joint_is_moved_by_its_source_and_never_commanded(
    start_node: StartNode, make_bench: MakeBench, tmp_path: Path
) -> None:
    file = tmp_path / 'mimic.urdf'
    file.write_text(MIMIC)
    bench = make_bench(Chain.from_urdf(file), namespace='mimic')
    start_node('ik_node', parameters={'urdf': str(file)}, remaps=['__ns:=/mimic'])
    # A driver may report the mimic joint, or not, and may be wrong about it.
    bench.joint_state = lambda n, q: JointState(name=['parallel', *n], position=[0.9, *q])
    bench.wait_for_node()
    target = moved(bench, 0.4)
    bench.send(target)
    bench.wait_for_tip_at(target)
    bench.wait_for_state('REACHED')
    assert all(list(message.name) == ['turn', 'lift'] for message in bench.messages)


def test_behaviour_10_description_from_the_latched_topic_and_its_reload(
    start_node: StartNode, make_bench: MakeBench, desk6: Chain
) -> None:
    """As robot_state_publisher gives it, and joint_trajectory_controller takes the commands."""
    bench = make_bench(namespace='topic', command_type=JointTrajectory)
    bench.obeys = False
    publisher = bench.create_publisher(String, 'robot_description', LATCHED)
    start_node(
        'ik_node',
        parameters={'command_type': 'joint_trajectory', 'rate': 50},
        remaps=['__ns:=/topic'],
    )
    bench.wait_for_node()
    assert bench.statuses[-1].state == 'WAITING'
    assert 'robot description' in bench.statuses[-1].message
    text = load_urdf_text(DESK6)[0]
    publisher.publish(String(data=text))
    bench.wait_for_state('HOLDING')
    bench.send(moved(bench, 0.2))
    message = bench.wait_for(lambda: bench.messages, 'a command')[0]
    assert message.header.stamp == Time()  # at once
    assert message.joint_names == list(desk6.joint_names)
    (point,) = message.points
    assert len(point.positions) == desk6.dof
    assert not point.velocities and not point.accelerations
    assert 0.02 <= 1e-9 * point.time_from_start.nanosec <= 0.04  # one to two periods
    publisher.publish(String(data='<robot'))
    rejected = bench.wait_for(
        lambda: next((s for s in bench.statuses if 'XML' in s.values['input']), None),
        'a status that tells of the bad description',
    )
    assert rejected.level == DiagnosticStatus.WARN
    renamed = text.replace('base_yaw', 'waist')
    publisher.publish(String(data=renamed))
    bench.joint_state = lambda n, q: plain_joint_state(
        ['waist' if name == 'base_yaw' else name for name in n], q
    )
    bench.target = lambda _: moved(bench, 0.2)
    bench.wait_for(lambda: 'waist' in bench.messages[-1].joint_names, 'commands of the new robot')


def test_behaviour_13_a_pose_that_no_descent_comes_nearer_to_is_stalled(
    start_node: StartNode, make_bench: MakeBench
) -> None:
    tip = 'gripper_frame_link'
    chain = Chain.from_urdf(SO101, tip_link=tip)
    bench = make_bench(chain, namespace='five')
    parameters = {'urdf': str(SO101), 'tip_link': tip, 'objective': 'pose'}
    start_node('ik_node', parameters=parameters, remaps=['__ns:=/five'])
    bench.wait_for_node()
    here = chain.forward(bench.q)
    bench.send(here @ Pose((0.0, 0.0, 0.0), (0.0, 0.0, math.sin(0.15), math.cos(0.15))))
    stalled = bench.wait_for_state('STALLED')
    assert stalled.level == DiagnosticStatus.WARN
    assert float(stalled.values['position error [m]']) > 1e-3  # five joints cannot turn so alone
    bench.wait_for_rest()
    bench.send(here)
    bench.wait_for_state('REACHED')


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_behaviour_14_clean_exit(
    start_node: StartNode, make_bench: MakeBench, number: signal.Signals
) -> None:
    took = math.inf
    for attempt in range(3):  # the node's own time is the least: others may have the processor
        name = f'{number.name.lower()}_{attempt}'
        node = start_node('ik_node', parameters={'urdf': str(DESK6)}, remaps=[f'__ns:=/{name}'])
        took = min(took, time_of_clean_exit(node, make_bench(namespace=name), number))
        if took <= 2.0:
            break
    assert took <= 2.0


def time_of_clean_exit(node: NodeProcess, bench: Bench, number: signal.Signals) -> float:
    """End a node in full motion, check how it ends, and return how long that takes [s]."""
    bench.wait_for_node()
    bench.wait_for_state('HOLDING')
    bench.send(moved(bench, 1.0))
    bench.wait_for(
        lambda: bench.commands and np.abs(bench.commands[-1].velocity).max() > 0.5, 'motion'
    )
    begun = time.monotonic()
    node.process.send_signal(number)
    try:
        code = node.process.wait(10.0)
    except subprocess.TimeoutExpired:
        raise AssertionError('the node did not end') from None
    took = time.monotonic() - begun
    bench.watch(0.1)
    assert code == 0
    assert 'Traceback' not in node.log
    assert not bench.commands[-1].velocity.any()  # a hold
    positions = np.array([c.position for c in bench.commands])
    dt = np.diff([c.stamp for c in bench.commands])[:, None]
    v = np.diff(positions, axis=0) / dt
    a = np.diff(v, axis=0) / (0.5 * (dt[1:] + dt[:-1]))
    assert np.abs(a).max() <= 1.01 * 10.0
    return took


def test_behaviour_15_two_namespaced_arms_do_not_hear_each_other(
    start_node: StartNode, make_bench: MakeBench
) -> None:
    left, right = make_bench(namespace='left'), make_bench(namespace='right')
    for name in ('left', 'right'):
        start_node('ik_node', parameters={'urdf': str(DESK6)}, remaps=[f'__ns:=/{name}'])
    for bench in (left, right):
        bench.wait_for_node()
    for bench in (left, right):
        bench.wait_for_state('HOLDING')
    target = moved(left, 0.3)
    left.send(target)
    left.wait_for_tip_at(target)
    right.watch(0.2)
    assert not right.commands
    other = moved(right, -0.3)
    right.send(other)
    right.wait_for_tip_at(other)
    left.watch(0.1)
    final = left.tip_of(left.commands[-1])
    assert distance(final, target) < 1e-3
    assert angle(final, target) < 1e-2


def test_behaviour_15_simulated_time_that_stands_still_freezes_motion(
    start_node: StartNode, make_bench: MakeBench
) -> None:
    bench = make_bench(namespace='simulated')
    clock = bench.create_publisher(Clock, '/clock', 10)
    time_ns = 0

    def advance(seconds: float) -> None:
        """Let simulated time pass, a tick for each 10 ms of real time."""
        nonlocal time_ns
        for _ in range(round(seconds / PERIOD)):
            time_ns += round(PERIOD * 1e9)
            sec, nanosec = divmod(time_ns, 1_000_000_000)
            clock.publish(Clock(clock=Time(sec=sec, nanosec=nanosec)))
            bench.watch(PERIOD)

    start_node(
        'ik_node',
        parameters={'urdf': str(DESK6), 'use_sim_time': True},
        remaps=['__ns:=/simulated'],
    )
    bench.wait_for(lambda: (advance(0.05), bench.statuses)[1], 'the first status', 170.0)
    bench.wait_for(lambda: (advance(0.05), bench.statuses[-1].state == 'HOLDING')[1], 'HOLDING')
    target = moved(bench, 1.0)
    bench.send(target)
    bench.wait_for(lambda: (advance(0.05), len(bench.commands) > 10)[1], 'motion')
    bench.watch(0.1)  # what is still on its way
    assert not bench.watch(0.3)
    held = bench.commands[-1]
    advance(0.05)
    step = np.abs(bench.commands[-1].position - held.position)
    assert (step <= bench.chain.max_velocity * 0.06).all()
    bench.wait_for(
        lambda: (advance(0.1), distance(bench.tip_of(bench.commands[-1]), target) < 1e-3)[1],
        'the target',
    )


UNUSABLE = (
    ({'urdf': '/nowhere/arm.urdf'}, '/nowhere/arm.urdf'),
    ({'urdf': str(DESK6), 'tip_link': 'nose'}, 'nose'),
    ({'urdf': str(DESK6), 'rate': -1}, 'rate'),
    ({'urdf': str(DESK6), 'max_acceleration': [1, 2]}, 'max_acceleration'),
    ({'urdf': str(DESK6), 'command_joints': ['base_yaw']}, 'command_joints'),
    ({'urdf': str(DESK6), 'objective': 'beauty'}, 'beauty'),
)


def test_behaviour_15_an_unusable_start_is_one_clear_line(start_node: StartNode) -> None:
    nodes = [start_node('ik_node', parameters=parameters) for parameters, _ in UNUSABLE]
    for node, (_, words) in zip(nodes, UNUSABLE, strict=True):
        assert node.process.wait(120.0) == 1
        lines = [line for line in node.log.splitlines() if line.startswith('ik_gd: ')]
        assert len(lines) == 1
        assert words in lines[0]
        assert 'Traceback' not in node.log
