"""Torque on without a jump, torque off for certain, and nothing sent that could do harm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from ik_gd.arms.servo.calibration_file import format_calibration
from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.emulator.faults import Switches

PROTOCOLS = ('feetech_sts', 'feetech_scs', 'dynamixel', 'lx16a')
WORST = {'goal_energises': True, 'torque_keeps_goal': True, 'power_up_goal_zero': True}

all_protocols = pytest.mark.parametrize('driver', PROTOCOLS)


def opened(arm_bench, driver, **settings):
    bench = arm_bench(driver, **settings)
    for joint, servo in zip(bench.calibration.joints, bench.servos, strict=True):
        servo.place(joint.tick_min + joint.id * 37)
    bench.open()
    return bench


@all_protocols
@pytest.mark.parametrize('power_up_torque', [False, True])
def test_the_first_goal_is_where_the_joint_is(arm_bench, driver, power_up_torque):
    switches = Switches(power_up_torque=power_up_torque, **WORST)
    bench = opened(arm_bench, driver, switches=switches)
    bench.wait_for(lambda _: not any(servo.speed for servo in bench.servos))  # pulled back
    before = [servo.position_ticks for servo in bench.servos]
    assert not any(servo.goals for servo in bench.servos), 'opening sends no goal'
    bench.enable()
    bench.read_cycles(5)
    for servo, tick in zip(bench.servos, before, strict=True):
        assert abs(servo.goals[0][1] - tick) <= 2
        assert abs(servo.position_ticks - tick) <= 2
        assert servo.torque


@all_protocols
def test_commands_from_before_enabling_are_forgotten(arm_bench, driver):
    bench = opened(arm_bench, driver)
    truth = bench.truth()
    bench.arm.write(np.full(3, 0.5))
    bench.enable()
    bench.read_cycles(10)
    np.testing.assert_allclose(bench.truth(), truth, atol=0.02)


@all_protocols
@pytest.mark.parametrize('dead', [1, 3])
def test_no_goal_is_sent_when_a_pose_cannot_be_read(arm_bench, driver, dead):
    bench = opened(arm_bench, driver)
    bench.faults.dead = {dead}
    outcome = bench.arm.enable().result(10)
    assert not outcome.done and f'joint_{dead}' in outcome.message
    bench.arm.write(np.zeros(3))
    bench.read_cycles(5)
    assert not any(servo.goals or servo.torque for servo in bench.servos)


@all_protocols
def test_no_goal_is_sent_to_an_arm_outside_its_range(arm_bench, driver):
    bench = opened(arm_bench, driver)
    joint = bench.calibration.joints[1]
    bench.servos[1].place(joint.tick_max + 8)
    bench.read_cycles(3)
    outcome = bench.arm.enable().result(10)
    assert not outcome.done
    assert f'joint_2 is at tick {joint.tick_max + 8}, outside its range' in outcome.message
    assert not any(servo.goals or servo.torque for servo in bench.servos)


@all_protocols
def test_goals_stay_within_the_calibrated_ticks_and_steps_are_bounded(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    rng = np.random.default_rng(3)
    for _ in range(25):
        bench.arm.write(rng.uniform(-20.0, 20.0, 3))
        bench.read_cycles(2)
    period = 1.0 / bench.calibration.bus.rate
    for joint, servo in zip(bench.calibration.joints, bench.servos, strict=True):
        ticks = np.array([tick for _, tick in servo.goals])
        assert len(ticks) > 20
        assert ticks.min() >= joint.tick_min and ticks.max() <= joint.tick_max
        largest = 2.0 * period * joint.max_velocity / abs(joint.radians_per_tick)
        assert np.abs(np.diff(ticks)).max() <= largest + 1
        assert np.ptp(ticks) > 10, 'it did move'


@all_protocols
def test_a_nan_leaves_a_joint_alone_and_an_infinity_the_whole_arm(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    truth = bench.truth()
    bench.arm.write(np.array([np.inf, 0.1, 0.1]))
    bench.read_cycles(5)
    np.testing.assert_allclose(bench.truth(), truth, atol=0.02)
    bench.arm.write(np.array([0.1, np.nan, 0.1]))
    bench.wait_until_at([0.1, truth[1], 0.1])


@all_protocols
def test_without_commands_the_arm_stops_on_its_way(arm_bench, driver):
    bench = opened(arm_bench, driver, command_timeout=0.4, trim_limit=0.0)
    bench.enable()
    start = bench.truth()
    bench.arm.write(start + np.where(start > 0.0, -3.0, 3.0))
    bench.wait_for(lambda _: (np.abs(bench.truth() - start) > 0.05).all())
    goals = []
    while goals != (goals := [servo.goal_ticks for servo in bench.servos]):
        bench.read_cycles(5)
    moved = np.abs(bench.truth() - start)
    assert (moved < 2.5).all(), moved
    report = bench.wait_for(lambda report: report.is_stale)
    assert report.mode is ArmMode.ENABLED


@pytest.mark.parametrize(
    ('driver', 'register', 'value', 'told'),
    [
        ('feetech_sts', 'homing_offset', 85, 'homing_offset is 85, not 0'),
        ('feetech_sts', 'mode', 1, 'mode is 1, not 0 (position)'),
        ('feetech_sts', 'phase', 0x10, 'multi-turn feedback'),
        ('feetech_sts', 'max_angle', 2000, 'position limit is 1000 .. 2000'),
        ('feetech_sts', 'model', 2825, 'model is sts3250, not sts3215'),
        ('feetech_scs', 'max_angle', 600, 'position limit is 200 .. 600'),
        ('dynamixel', 'homing_offset', 85, 'homing_offset is 85, not 0'),
        ('dynamixel', 'operating_mode', 1, 'mode is 1, not 3 (position)'),
        ('dynamixel', 'drive_mode', 4, 'time-based profile'),
        ('dynamixel', 'model', 1060, 'model is xl430, not xl330_m288'),
        ('dynamixel', 'max_position', 2000, 'position limit is 1000 .. 2000'),
        ('lx16a', 'offset', -7, 'homing_offset is -7, not 0'),
        ('lx16a', 'high', 600, 'position limit is 100 .. 600'),
    ],
)
def test_an_arm_that_differs_from_its_calibration_is_only_read(
    arm_bench, driver, register, value, told
):
    bench = arm_bench(driver)
    bench.servos[1].set_register(register, value)
    bench.open(settled=False)
    report = bench.wait_for(lambda report: report.mode is ArmMode.READ_ONLY)
    assert 'joint_2' in report.reason and told in report.reason
    outcome = bench.arm.enable().result(10)
    assert not outcome.done and told in outcome.message
    bench.arm.write(np.zeros(3))
    bench.read_cycles(5)
    assert not any(servo.goals or servo.torque for servo in bench.servos)


@all_protocols
@pytest.mark.parametrize('on_exit', ['torque_off', 'hold'])
def test_closing_leaves_the_torque_as_asked(arm_bench, driver, on_exit):
    bench = opened(arm_bench, driver, on_exit=on_exit)
    bench.enable()
    bench.arm.close()
    assert [servo.torque for servo in bench.servos] == [on_exit == 'hold'] * 3
    if driver == 'dynamixel':
        assert [servo.register('bus_watchdog') for servo in bench.servos] == [0] * 3


@all_protocols
def test_an_arm_that_was_only_read_is_left_as_it_was_found(arm_bench, driver):
    bench = opened(arm_bench, driver, switches=Switches(power_up_torque=True))
    torque = [servo.torque for servo in bench.servos]
    bench.arm.close()
    assert [servo.torque for servo in bench.servos] == torque
    assert not any(servo.goals for servo in bench.servos)


_DRIVE_UNTIL_KILLED = """
import sys
from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.servo_arm import ServoArm
arm = ServoArm(load_calibration(sys.argv[1]))
while not arm.enable().result().done:
    arm.wait_for_state(0.1)
print('enabled', flush=True)
while True:
    arm.wait_for_state(1.0)
"""


TRIPPED = 0xFF  # what the register shows then


def eventually(condition):
    give_up = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def test_when_the_process_is_killed_dynamixels_watchdog_trips(arm_bench, tmp_path):
    bench = arm_bench('dynamixel')
    path = tmp_path / 'killed.yaml'
    path.write_text(format_calibration(bench.calibration))
    process = subprocess.Popen(
        [sys.executable, '-c', _DRIVE_UNTIL_KILLED, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout.readline() == 'enabled\n'
        eventually(lambda: bench.servos[0].register('bus_watchdog') > 0)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    eventually(lambda: bench.servos[0].register('bus_watchdog') == TRIPPED)
    # The next driver resets the tripped watchdog and takes the arm up.
    bench.open()
    bench.enable()
    target = np.full(3, 0.2)
    bench.arm.write(target)
    bench.wait_until_at(target)
