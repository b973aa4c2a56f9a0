"""The simulator node simulates the arm it is given, says where the tip is, and ends cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pinocchio
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from ros_bench import Bench
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger

from ik_gd.core.errors import ArmError, SettingsError, UrdfError
from ik_gd.nodes.interfaces import LATCHED
from ik_gd.nodes.simulator_node import PARAMETERS, SimulatorNode, build_settings

URDF = Path(__file__).parents[2] / 'urdf'
SO101 = str(URDF / 'so101.urdf')
PLANAR2 = str(URDF / 'planar2.urdf')
DEFAULTS = {row.name: row.default for row in PARAMETERS}


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.close()


def seconds(stamp) -> float:
    return stamp.sec + 1e-9 * stamp.nanosec


def test_defaults_fit_together() -> None:
    settings = build_settings(DEFAULTS)
    assert settings.simulation.servo is None
    assert settings.tip_link is None


def test_a_start_posture_is_read_from_assignments() -> None:
    settings = build_settings({**DEFAULTS, 'start_posture': ['pan=0.5', ' lift = -1e-1']})
    assert settings.simulation.start_posture == {'pan': 0.5, 'lift': -0.1}


def test_the_servo_model_takes_its_parameters() -> None:
    settings = build_settings({**DEFAULTS, 'servo_model': True, 'servo_delay': 0.1})
    assert settings.simulation.servo.delay == 0.1


@pytest.mark.parametrize(
    ('values', 'complaint'),
    [
        ({'start_posture': ['pan']}, "'pan' is not of the form"),
        ({'start_posture': ['pan=left']}, "'pan=left' is not of the form"),
        ({'rate': 500.0}, 'rate: 500 Hz is above physics_rate 240 Hz'),
    ],
)
def test_values_that_do_not_fit_are_refused(values, complaint) -> None:
    with pytest.raises(SettingsError, match=complaint):
        build_settings({**DEFAULTS, **values})


def test_the_tip_pose_is_the_one_of_the_joint_states_with_the_same_stamp(bench) -> None:
    bench.make(
        SimulatorNode,
        urdf=SO101,
        tip_link='gripper_frame_link',
        start_posture=['shoulder_lift=0.3', 'gripper=0.5'],
    )
    states = bench.listen(JointState, 'joint_states')
    tips = bench.listen(PoseStamped, 'simulator_node/tip_pose')
    speaker = bench.speaker(JointState, 'joint_command')
    speaker.publish(JointState(name=['wrist_roll', 'shoulder_pan'], position=[0.4, -0.6]))
    bench.wait(lambda: states and abs(states[-1].position[0] + 0.6) < 1e-3)
    bench.wait_for_more(tips, 2)
    robot = pinocchio.buildModelFromUrdf(SO101)
    data = robot.createData()
    by_stamp = {seconds(state.header.stamp): state for state in states}
    pairs = [(tip, by_stamp.get(seconds(tip.header.stamp))) for tip in tips]
    compared = 0
    for tip, state in pairs:
        if state is None:
            continue
        assert tip.header.frame_id == 'base_link'
        q = pinocchio.neutral(robot)
        for name, position in zip(state.name, state.position, strict=True):
            q[robot.joints[robot.getJointId(name)].idx_q] = position
        pinocchio.framesForwardKinematics(robot, data, q)
        expected = data.oMf[robot.getFrameId('gripper_frame_link')].translation
        p = tip.pose.position
        np.testing.assert_allclose((p.x, p.y, p.z), expected, atol=1e-6)
        compared += 1
    assert compared > 5


def test_stamps_are_of_the_past_and_increase(bench) -> None:
    node = bench.make(SimulatorNode, urdf=PLANAR2, rate=200.0)
    states = bench.listen(JointState, 'joint_states')
    bench.wait_for_more(states, 30)
    stamps = [seconds(state.header.stamp) for state in states]
    assert (np.diff(stamps) > 0.0).all()
    assert stamps[-1] <= 1e-9 * node.get_clock().now().nanoseconds


def test_without_a_urdf_it_waits_for_the_latched_description(bench) -> None:
    node = bench.make(SimulatorNode)
    assert node.arm is None
    publisher = bench.user.create_publisher(String, 'robot_description', LATCHED)
    publisher.publish(String(data=Path(PLANAR2).read_text()))
    states = bench.listen(JointState, 'joint_states')
    bench.wait_for_more(states)
    assert list(states[-1].name) == ['shoulder', 'elbow']


def test_reset_brings_the_start_posture_back_and_forgets_commands(bench) -> None:
    bench.make(SimulatorNode, urdf=PLANAR2, start_posture=['elbow=0.5'])
    states = bench.listen(JointState, 'joint_states')
    speaker = bench.speaker(JointState, 'joint_command')
    speaker.publish(JointState(name=['elbow'], position=[1.0]))
    bench.wait(lambda: states and states[-1].position[1] > 0.9)
    response = bench.call(Trigger, 'simulator_node/reset', Trigger.Request())
    assert response.success
    bench.wait_for_more(states, 20)
    assert states[-1].position[1] == pytest.approx(0.5, abs=1e-3)


def test_with_publish_clock_all_stamps_are_simulated_time(bench) -> None:
    bench.make(SimulatorNode, urdf=PLANAR2, publish_clock=True)
    clocks = bench.listen(Clock, '/clock')
    states = bench.listen(JointState, 'joint_states')
    bench.wait_for_more(clocks, 20)
    bench.wait_for_more(states, 5)
    times = [seconds(clock.clock) for clock in clocks]
    assert (np.diff(times) >= 0.0).all()
    assert times[-1] > times[0]
    assert seconds(states[-1].header.stamp) < 600.0
    steps = seconds(states[-1].header.stamp) * 240.0
    assert steps == pytest.approx(round(steps), abs=1e-5)


def test_diagnostics_tell_of_the_physics(bench) -> None:
    bench.make(SimulatorNode, urdf=PLANAR2)
    diagnostics = bench.listen(DiagnosticArray, '/diagnostics')
    bench.wait_for_more(diagnostics, 1)
    assert [status.name for status in diagnostics[-1].status] == [
        'simulator_node: joints',
        'simulator_node: physics',
    ]
    assert {status.hardware_id for status in diagnostics[-1].status} == {'pybullet'}


@pytest.mark.parametrize(
    ('parameters', 'error'),
    [
        ({'urdf': '/no/such.urdf'}, UrdfError),
        ({'robot_description': '<robot'}, UrdfError),
        ({'urdf': PLANAR2, 'tip_link': 'hand'}, ArmError),
        ({'urdf': PLANAR2, 'start_posture': ['pan=1']}, SettingsError),
    ],
)
def test_what_cannot_be_simulated_is_refused(bench, parameters, error) -> None:
    with pytest.raises(error):
        bench.make(SimulatorNode, **parameters)


def start(*arguments: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-m', 'ik_gd.nodes.simulator_node', '--ros-args', *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_as_a_process_under_other_names_it_moves_and_ends_with_code_0(bench, number) -> None:
    process = start('-p', f'urdf:={PLANAR2}', '-r', '__ns:=/left', '-r', 'joint_command:=ordered')
    states = bench.listen(JointState, '/left/joint_states')
    speaker = bench.speaker(JointState, '/left/ordered')
    speaker.publish(JointState(name=['shoulder'], position=[0.5]))
    bench.wait(lambda: states and states[-1].position[0] > 0.49)
    process.send_signal(number)
    output, complaints = process.communicate(timeout=20.0)
    assert process.returncode == 0
    assert 'Traceback' not in output + complaints


@pytest.mark.parametrize(
    ('arguments', 'complaint'),
    [
        (('-p', 'urdf:=/no/such.urdf'), '/no/such.urdf'),
        (('-p', f'urdf:={PLANAR2}', '-p', 'gui:=true'), 'DISPLAY is not set'),
        (('-p', f'urdf:={PLANAR2}', '-p', 'rate:=500.0'), 'above physics_rate'),
    ],
)
def test_as_a_process_bad_input_is_one_line_and_code_1(arguments, complaint) -> None:
    process = start(*arguments, DISPLAY='')
    output, complaints = process.communicate(timeout=30.0)
    assert process.returncode == 1
    assert complaint in complaints
    assert complaints.count('\n') == 1
    assert output == ''
