"""servo_node on virtual servos: topics, services, diagnostics, and how it starts and ends."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from ros_bench import Bench
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus
from ik_gd.nodes.servo_node import ServoNode

SO101 = Path(__file__).parents[2] / 'config' / 'so101_calibration.yaml'
CALIBRATION = load_calibration(SO101)


@pytest.fixture
def patient(tmp_path):
    """The calibration, for virtual servos that share a process with the test: they may be late."""
    path = tmp_path / 'calibration.yaml'
    text = SO101.read_text().replace('timeout_ms: 20', 'timeout_ms: 100')
    path.write_text(text.replace('error_timeout_ms: 500', 'error_timeout_ms: 2000'))
    return path


@pytest.fixture
def bus():
    with VirtualBus.from_calibration(SO101) as bus:
        yield bus


@pytest.fixture
def arm(patient):
    bench = ServoBench(patient)
    yield bench
    bench.close()


class ServoBench(Bench):
    """A user of one servo_node.

    Attributes:
        states: joint states so far.
        diagnostics: so far.
    """

    def __init__(self, calibration):
        super().__init__()
        self._calibration = str(calibration)
        self.states = self.listen(JointState, 'joint_states')
        self.diagnostics = self.listen(DiagnosticArray, '/diagnostics')

    def start(self, bus, **parameters):
        self.make(ServoNode, calibration=self._calibration, port=bus.path, **parameters)
        self.wait_until_well()

    def wait_until_well(self):
        """Wait until every servo has answered and been compared with the calibration."""
        parts = ('bus', *CALIBRATION.joint_names)
        self.wait(lambda: all(self._is_ok(part) for part in parts))
        self.wait(lambda: self.states and not np.isnan(self.position).any())

    @property
    def position(self):
        return np.array(self.states[-1].position)

    def status(self, part):
        """The newest status of the bus or of a joint."""
        if not self.diagnostics:
            return None
        found = [s for s in self.diagnostics[-1].status if s.name == f'servo_node: {part}']
        return found[0] if found else None

    def _is_ok(self, part):
        status = self.status(part)
        return status is not None and status.level == DiagnosticStatus.OK

    def wait_for_status(self, part, level, words):
        self.wait(lambda: self.status(part).level == level and words in self.status(part).message)

    def enable(self, on=True):
        return self.call(SetBool, 'servo_node/enable', SetBool.Request(data=on))

    def drive(self, joints, position):
        """Command again and again, as a command is only good for a moment, until it is so."""
        commands = self.speaker(JointState, 'joint_command')
        message = JointState(name=joints, position=position)

        sent_at = -math.inf

        def is_there():
            nonlocal sent_at
            if time.monotonic() > sent_at + 0.02:  # a flood would keep the virtual servos waiting
                sent_at = time.monotonic()
                commands.publish(message)
            own = [i for i, name in enumerate(joints) if name in self.states[-1].name]
            found = [self.position[list(self.states[-1].name).index(joints[i])] for i in own]
            return np.allclose(found, [position[i] for i in own], atol=0.02)

        self.wait(is_there)

    def wait_until_at(self, joints, position, tolerance=0.02):
        names = list(self.states[-1].name)
        order = [names.index(name) for name in joints]
        self.wait(lambda: np.allclose(self.position[order], position, atol=tolerance))


def test_joint_states_are_named_stamped_and_where_the_servos_are(arm, bus):
    bus.servo('elbow_flex').place(2048 + 512)
    arm.start(bus)
    arm.wait_for_more(arm.states, 20)
    newest = arm.states[-1]
    assert tuple(newest.name) == CALIBRATION.joint_names
    assert newest.position[2] == pytest.approx(math.pi / 4)
    stamps = [s.header.stamp.sec + 1e-9 * s.header.stamp.nanosec for s in arm.states]
    assert all(np.diff(stamps) > 0.0)
    now = arm.user.get_clock().now().nanoseconds * 1e-9
    assert abs(now - stamps[-1]) < 5.0


def test_a_command_moves_nothing_until_enabled(arm, bus):
    arm.start(bus)
    commands = arm.speaker(JointState, 'joint_command')
    commands.publish(JointState(name=['wrist_flex'], position=[0.5]))
    arm.wait_for_more(arm.states, 20)
    assert not any(bus.servo(joint).goals for joint in CALIBRATION.joint_names)
    assert arm.enable().success
    arm.drive(['wrist_flex', 'of another arm'], [0.5, 1.0])
    arm.wait_until_at(['wrist_flex', 'elbow_flex'], [0.5, 0.0])
    assert arm.enable(False).success
    assert not any(bus.servo(joint).torque for joint in CALIBRATION.joint_names)
    arm.wait_for_status('bus', DiagnosticStatus.OK, 'disabled')


def test_a_trajectory_is_followed(arm, bus):
    arm.start(bus, enable_on_start=True)
    arm.wait_for_status('bus', DiagnosticStatus.OK, 'enabled')
    trajectory = JointTrajectory(joint_names=['shoulder_pan', 'gripper'])
    for second, positions in ((1, [0.3, 0.2]), (2, [-0.2, 0.6])):
        point = JointTrajectoryPoint(positions=positions)
        point.time_from_start.sec = second
        trajectory.points.append(point)
    arm.speaker(JointTrajectory, 'joint_trajectory').publish(trajectory)
    arm.wait_until_at(['shoulder_pan', 'gripper'], [-0.2, 0.6])
    assert np.nanmax([state.position[0] for state in arm.states]) > 0.25


def test_a_dead_servo_is_nan_and_named_and_can_be_acknowledged(arm, bus):
    arm.start(bus)
    assert arm.enable().success
    bus.faults.dead = {3}
    arm.wait_for_status('bus', DiagnosticStatus.ERROR, 'holding: elbow_flex: no answer')
    arm.wait_for_status('elbow_flex', DiagnosticStatus.ERROR, 'no answer')
    assert arm.status('gripper').level == DiagnosticStatus.OK
    assert np.isnan(arm.position).tolist() == [False, False, True, False, False, False]
    answer = arm.call(Trigger, 'servo_node/clear_fault', Trigger.Request())
    assert answer.success and 'elbow_flex is silent' in answer.message
    arm.drive(['shoulder_pan'], [0.4])


def test_diagnostics_tell_what_each_servo_measures(arm, bus):
    arm.start(bus)
    bus.servo('gripper').temperature = 52.0
    arm.wait_for_status('gripper', DiagnosticStatus.WARN, '52 degC, warn at 50')
    status = arm.status('gripper')
    values = {item.key: item.value for item in status.values}
    assert status.hardware_id == bus.path
    assert values['id'] == '6'
    assert values['voltage [V]'] == '7.4'
    assert values['temperature [degC]'] == '52'
    assert {'position age [s]', 'load [%]', 'garbled', 'no answer', 'retries', 'state'} <= {
        *values
    }


def test_unplugged_it_says_why_and_replugged_it_waits_to_be_enabled(arm, bus):
    arm.start(bus)
    assert arm.enable().success
    arm.drive(['shoulder_pan'], [0.4])
    bus.unplug()
    arm.wait_for_status('bus', DiagnosticStatus.ERROR, 'disconnected: ')
    assert bus.path in arm.status('bus').message
    arm.wait_for_more(arm.states)
    assert np.isnan(arm.position).all()
    refusal = arm.enable()
    assert not refusal.success and 'disconnected' in refusal.message
    arm.speaker(JointState, 'joint_command').publish(
        JointState(name=['shoulder_pan'], position=[-0.4])
    )
    bus.replug()
    arm.wait_for_status('bus', DiagnosticStatus.OK, 'disabled: the line was lost')
    arm.wait_until_at(['shoulder_pan'], [0.4])
    assert not bus.servo('shoulder_pan').torque
    assert arm.enable().success
    arm.wait_for_more(arm.states, 20)
    assert arm.position[0] == pytest.approx(0.4, abs=0.02)


def test_a_port_that_is_not_there_yet_is_told_and_opened_once_it_is(
    start_node, arm, bus, tmp_path
):
    port = tmp_path / 'port'
    parameters = {'calibration': str(SO101), 'port': str(port)}
    node = start_node('servo_node', parameters=parameters)
    arm.wait(lambda: f'disconnected: cannot open {port}: No such file' in node.log)
    port.symlink_to(bus.path)
    arm.wait(lambda: arm.states and not np.isnan(arm.position).any())
    assert node.log.count('disconnected') == 1
    assert node.stop() == 0


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('on_exit', ['torque_off', 'hold'])
def test_a_signal_ends_it_cleanly_with_the_torque_as_asked(start_node, arm, bus, number, on_exit):
    parameters = {'calibration': str(SO101), 'port': bus.path, 'on_exit': on_exit}
    node = start_node('servo_node', parameters=parameters)
    arm.wait_until_well()
    assert arm.enable().success, node.log
    arm.wait_for_more(arm.states, 5)
    assert node.stop(number) == 0
    assert 'Traceback' not in node.log
    torque = {bus.servo(joint).torque for joint in CALIBRATION.joint_names}
    assert torque == {on_exit == 'hold'}


def test_the_process_is_small_and_holds_neither_numba_nor_pybullet(start_node, arm, bus):
    parameters = {'calibration': str(SO101), 'port': bus.path, 'enable_on_start': True}
    node = start_node('servo_node', parameters=parameters)
    arm.wait(lambda: len(arm.states) > 100)
    folder = Path('/proc') / str(node.process.pid)
    libraries = (folder / 'maps').read_text()
    assert 'numba' not in libraries and 'llvmlite' not in libraries
    assert 'pybullet' not in libraries
    fields = dict(
        line.split(':', 1) for line in (folder / 'status').read_text().splitlines() if ':' in line
    )
    assert int(fields['VmRSS'].split()[0]) < 120_000  # [kB]


@pytest.mark.parametrize(
    ('parameters', 'told'),
    [
        ([], 'calibration: give the calibration file of the arm'),
        (['calibration:=/no/where.yaml'], 'cannot read the calibration /no/where.yaml'),
        ([f'calibration:={SO101}', 'on_exit:=drop'], "on_exit: 'drop' is not one of"),
    ],
)
def test_bad_parameters_end_it_with_one_clear_line(ros_domain, parameters, told):
    words = [word for parameter in parameters for word in ('-p', parameter)]
    done = subprocess.run(
        [sys.executable, '-m', 'ik_gd.nodes.servo_node', '--ros-args', *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert told in done.stderr
    assert 'Traceback' not in done.stderr
