"""What becomes of an arm whose servos lose their power or torque; the clock is the test's."""

from __future__ import annotations

import dataclasses

import pytest

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.controller import ArmMode, Controller
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.servos import Control, Reading


@dataclasses.dataclass
class FakeServo:
    """What one servo remembers."""

    tick: int = 2048
    powered: bool = True
    torque: bool = False
    goal: int = 0
    goals: list[int] = dataclasses.field(default_factory=list)
    faults: tuple[str, ...] = ()


class FakeServos:
    """Servos that answer at once, or, without power, not at all."""

    has_common_read = True
    bus = None

    def __init__(self, ids):
        self.of_id = {servo: FakeServo() for servo in ids}

    def power(self, on):
        for servo in self.of_id.values():
            servo.powered, servo.torque = on, False

    def read_status(self, servos):
        return {
            i: Reading(s.tick, 0.0, 0.0, 7.4, 25.0, s.faults) if s.powered else Miss.SILENT
            for i, s in self._asked(servos)
        }

    def read_slowly(self, servo):
        pass

    def read_control(self, servos):
        return {
            i: Control(s.torque, s.goal) if s.powered else Miss.SILENT
            for i, s in self._asked(servos)
        }

    def compare(self, joint):
        return () if self.of_id[joint.id].powered else Miss.SILENT

    def write_limits(self, joints):
        pass

    def write_goals(self, goals):
        for i, s in self._asked(goals):
            if s.powered:
                s.goal = goals[i]
                s.goals.append(goals[i])

    def write_torque(self, servos, on):
        for _, s in self._asked(servos):
            s.torque = on and s.powered

    def write_watchdog(self, servos, seconds):
        pass

    def clear_faults(self, servo):
        self.of_id[servo].torque = False
        return False

    def _asked(self, servos):
        return [(i, self.of_id[i]) for i in servos]


class Rig:
    """A controller, its servos, and the time."""

    def __init__(self, calibration):
        self.period = 1.0 / calibration.bus.rate
        self.now = 0.0
        self.servos = FakeServos([joint.id for joint in calibration.joints])
        self.channels = tuple(JointChannel(joint) for joint in calibration.joints)
        self.controller = Controller(calibration, self.channels, self.servos, lambda: self.now)
        self.cycle(10)
        assert self.controller.enable().done

    def cycle(self, count=1):
        for _ in range(count):
            self.controller.cycle(list)
            self.now += self.period

    def cycle_until(self, condition):
        for _ in range(1000):
            if condition():
                return
            self.cycle()
        raise AssertionError(self.controller.reports())

    def goals(self):
        return [len(servo.goals) for servo in self.servos.of_id.values()]

    def states(self):
        return [channel.state()[0].value for channel in self.channels]


@pytest.fixture
def rig(calibration_of):
    return Rig(calibration_of('feetech_sts'))


def is_held(rig):
    return rig.controller.mode is ArmMode.HOLDING


def assert_well_and_limp(rig, goals):
    assert rig.states() == ['ok'] * 3
    assert not any(channel.following for channel in rig.channels)
    assert not any(servo.torque for servo in rig.servos.of_id.values())
    assert rig.goals() == goals, 'no goal since the power went'


@pytest.mark.parametrize('silent_cycles', [1, 2, 3, 10, 59, 60, 61, 62, 70, 100])
def test_however_long_a_power_cut_enabling_is_all_that_it_takes(rig, silent_cycles):
    goals = rig.goals()
    rig.servos.power(False)
    rig.cycle(silent_cycles)
    rig.servos.power(True)
    rig.cycle(100)
    assert is_held(rig)
    assert_well_and_limp(rig, goals)
    outcome = rig.controller.enable()
    assert outcome.done, outcome.message
    rig.cycle(5)
    assert rig.controller.mode is ArmMode.ENABLED
    assert all(channel.following for channel in rig.channels)


def test_power_that_is_back_when_only_the_first_joint_has_timed_out(rig):
    rig.servos.power(False)
    for channel in rig.channels[1:]:  # answered a little later than the first
        channel.answered_at += 2 * rig.period
    rig.cycle_until(lambda: is_held(rig))
    assert [channel.following for channel in rig.channels] == [False, True, True]
    goals = rig.goals()
    rig.servos.power(True)
    rig.cycle_until(lambda: rig.states() == ['ok'] * 3)
    rig.cycle(10)
    assert_well_and_limp(rig, goals)
    assert rig.controller.enable().done


def test_enabling_takes_up_joints_that_nobody_has_missed_yet(rig):
    rig.servos.power(False)
    rig.cycle(1)
    rig.servos.power(True)
    rig.cycle(1)
    assert any(channel.following for channel in rig.channels)
    assert rig.controller.enable().done
    assert all(servo.torque for servo in rig.servos.of_id.values())
    rig.cycle(50)
    assert rig.controller.mode is ArmMode.ENABLED


def test_enabling_asks_a_servo_that_has_only_just_come_back(rig):
    rig.controller.disable()
    servo = rig.servos.of_id[2]
    servo.powered = False
    rig.cycle(10)
    outcome = rig.controller.enable()
    assert not outcome.done and outcome.message == 'no answer from joint_2'
    servo.powered = True
    assert rig.controller.enable().done


def test_torque_that_is_switched_off_by_others_is_noticed(rig):
    rig.servos.of_id[2].torque = False
    rig.cycle_until(lambda: is_held(rig))
    assert rig.controller.reason == 'joint_2: it has lost its torque: was its power cut?'
    assert [channel.following for channel in rig.channels] == [True, False, True]
    assert rig.states() == ['ok'] * 3
    outcome = rig.controller.clear_fault()
    assert outcome.done and 'enable to take up joint_2' in outcome.message
    assert rig.controller.enable().done
    assert rig.servos.of_id[2].torque


def test_a_fault_behind_lost_torque_is_what_is_told_of(rig):
    servo = rig.servos.of_id[2]
    servo.torque = False  # it has tripped since its last reading
    rig.cycle_until(lambda: rig.channels[1].is_limp)
    servo.faults = ('overload',)
    rig.cycle()
    assert rig.controller.reason == 'joint_2: overload'
    assert not rig.controller.enable().done
    servo.faults = ()
    rig.cycle()
    assert rig.controller.clear_fault().done
    assert rig.controller.enable().done


def test_a_joint_that_misses_a_cycle_while_faults_are_cleared_is_not_given_up(rig):
    dead, late = rig.servos.of_id[1], rig.servos.of_id[2]
    dead.powered = False
    rig.cycle_until(lambda: is_held(rig))
    late.powered = False
    rig.cycle()
    outcome = rig.controller.clear_fault()
    late.powered = late.torque = True
    assert outcome.done and outcome.message == 'cleared; joint_1 is silent, the others can go on'
    rig.cycle(10)
    assert rig.controller.mode is ArmMode.ENABLED
    assert [channel.following for channel in rig.channels] == [False, True, True]


def test_a_fault_is_not_cleared_in_a_cycle_that_does_not_tell_whether_it_is_over(rig):
    servo = rig.servos.of_id[2]
    servo.faults = ('overload',)
    rig.cycle_until(lambda: is_held(rig))
    servo.powered = False
    rig.cycle()
    outcome = rig.controller.clear_fault()
    assert not outcome.done and outcome.message == 'not over yet: joint_2: overload'
    servo.powered, servo.faults = True, ()
    rig.cycle()
    assert rig.controller.clear_fault().done
