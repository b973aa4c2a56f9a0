"""Every fault of the table, on every protocol that it applies to, on the virtual bus.

While a fault lasts, whatever the arm says of a joint that stands still is where that joint is, or
NaN. Times are only waited for; how long a cycle can be is tested in test_poller.py.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.emulator.faults import Switches

PROTOCOLS = ('feetech_sts', 'feetech_scs', 'dynamixel', 'lx16a')
WITH_EEPROM_CHECK = ('feetech_sts', 'dynamixel')

pytestmark = pytest.mark.parametrize('driver', PROTOCOLS)


def tick_size(bench):
    return abs(bench.calibration.joints[0].radians_per_tick)


def assert_never_wrong(bench, states, truth):
    """Each position that was published is within two ticks of where the joint stood, or NaN."""
    assert states
    for state in states:
        known = ~np.isnan(state.position)
        assert np.abs(state.position - truth)[known].max(initial=0.0) <= 2.01 * tick_size(bench)


def spread_out(bench):
    """Turn each joint by hand to a place of its own, so that no value passes for another."""
    for index, (joint, servo) in enumerate(
        zip(bench.calibration.joints, bench.servos, strict=True)
    ):
        servo.place(joint.tick_min + (index + 1) * (joint.tick_max - joint.tick_min) // 5)


def opened(arm_bench, driver, **settings):
    bench = arm_bench(driver, **settings)
    spread_out(bench)
    bench.open()
    return bench


@pytest.mark.parametrize(
    'fault',
    [
        {'corrupt_every': 5},
        {'noise_bytes': 7},
        {'lose_every': 7},
        {'stale_every': 7},
        {'split_after': 5},
        {'noise_bytes': 3, 'corrupt_every': 6, 'split_after': 4},
    ],
    ids=lambda fault: '+'.join(fault),
)
def test_a_bad_line_spoils_readings_but_never_falsifies_them(arm_bench, driver, fault):
    bench = opened(arm_bench, driver)
    bench.enable()
    truth = bench.truth()
    for name, value in fault.items():
        setattr(bench.faults, name, value)
    states = bench.read_cycles(25)
    assert_never_wrong(bench, states, truth)
    seen = np.mean([~np.isnan(state.position) for state in states])
    assert seen > 0.5, 'most readings come through'
    bench.bus.faults.__init__()
    bench.wait_for(lambda report: all(servo.state.value == 'ok' for servo in report.servos))
    np.testing.assert_allclose(bench.truth(), truth, atol=2.01 * tick_size(bench))


def test_an_echoing_adapter_is_found_out_and_sees_the_right_positions(arm_bench, driver):
    bench = arm_bench(driver)
    spread_out(bench)
    bench.faults.echo = True
    bench.open()
    bench.enable()
    assert_never_wrong(bench, bench.read_cycles(20), bench.truth())
    target = np.full(3, 0.3)
    bench.arm.write(target)
    bench.wait_until_at(target)


def test_a_dead_servo_is_nan_and_the_others_go_on(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    truth = bench.truth()
    bench.faults.dead = {2}
    report = bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert 'joint_2: no answer' in report.reason
    states = bench.read_cycles(10)
    assert_never_wrong(bench, states, truth)
    assert all(np.isnan(state.position[1]) for state in states)
    for index in (0, 2):
        assert not all(np.isnan(state.position[index]) for state in states)
    assert bench.servos[0].torque and bench.servos[2].torque, 'the arm holds'
    # Held: commands are ignored. Acknowledged: the live joints follow again.
    bench.arm.write(np.full(3, 0.2))
    bench.read_cycles(5)
    np.testing.assert_allclose(bench.truth(), truth, atol=2.01 * tick_size(bench))
    outcome = bench.arm.clear_fault().result(10)
    assert outcome.done and 'joint_2 is silent' in outcome.message
    bench.arm.write(np.full(3, 0.2))
    bench.wait_for(lambda _: np.allclose(bench.arm.read().position[[0, 2]], 0.2, atol=0.02))


def test_a_servo_that_comes_back_is_read_again_but_not_moved(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    bench.faults.dead = {2}
    bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    truth = bench.truth()
    goals = len(bench.servos[1].goals)
    bench.faults.dead = set()
    bench.wait_for(lambda report: report.servos[1].state.value == 'ok')
    bench.arm.write(np.full(3, 0.2))
    bench.read_cycles(10)
    np.testing.assert_allclose(bench.truth(), truth, atol=2.01 * tick_size(bench))
    assert len(bench.servos[1].goals) == goals
    bench.enable()
    bench.arm.write(np.full(3, 0.2))
    bench.wait_until_at(np.full(3, 0.2))


@pytest.mark.parametrize('silent_after_dead', [False, True])
def test_torque_off_reaches_every_live_servo_past_a_dead_one(arm_bench, driver, silent_after_dead):
    bench = opened(arm_bench, driver, switches=Switches(silent_after_dead=silent_after_dead))
    bench.enable()
    bench.faults.dead = {1}
    outcome = bench.arm.disable().result(10)
    assert not outcome.done and outcome.message.endswith('joint_1')
    assert not bench.servos[1].torque
    assert not bench.servos[2].torque


def test_an_overheated_servo_lets_go_and_the_others_hold(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    bench.servos[1].temperature = 60.0
    report = bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert 'joint_2' in report.reason and '60 degC' in report.reason
    assert not bench.servos[1].torque
    assert bench.servos[0].torque and bench.servos[2].torque
    outcome = bench.arm.clear_fault().result(10)
    assert not outcome.done, 'still hot'
    bench.servos[1].temperature = 30.0
    bench.wait_for(lambda report: report.servos[1].temperature < 40.0)
    assert not bench.arm.enable().result(10).done, 'not before it is cleared by hand'
    assert bench.arm.clear_fault().result(10).done
    bench.enable()
    assert bench.servos[1].torque


def test_a_warm_servo_is_a_warning(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    bench.servos[1].temperature = 50.0
    report = bench.wait_for(lambda report: report.servos[1].state.value == 'warning')
    assert '50 degC' in report.servos[1].reason
    assert report.mode is ArmMode.ENABLED


def test_after_a_power_cut_nothing_moves_until_enabled_again(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    bench.bus.power_off()
    bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert np.isnan(bench.arm.read().position).all()
    bench.bus.power_on()
    bench.wait_for(lambda report: states_all_ok(report))
    truth = bench.truth()
    bench.arm.write(np.full(3, 0.2))
    bench.read_cycles(10)
    assert not any(servo.torque for servo in bench.servos)
    bench.enable()
    np.testing.assert_allclose(bench.truth(), truth, atol=2.01 * tick_size(bench))


@pytest.mark.parametrize('power_up_torque', [False, True])
def test_a_servo_that_lost_power_for_a_moment_is_not_sent_its_old_goal(
    arm_bench, driver, power_up_torque
):
    switches = Switches(power_up_torque=power_up_torque)
    bench = opened(arm_bench, driver, switches=switches, error_timeout=5.0)
    bench.enable()
    bench.servos[1].set_supply(0.0)
    bench.wait_for(lambda report: report.servos[1].state.value == 'silent')
    bench.servos[1].place(bench.calibration.joints[1].tick_min + 30)  # it has sagged
    goals = len(bench.servos[1].goals)
    bench.servos[1].set_supply(None)
    report = bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert 'lost its torque' in report.reason
    assert len(bench.servos[1].goals) == goals
    assert not bench.servos[1].torque
    bench.enable()


def test_a_servo_with_too_little_voltage_is_a_warning_where_it_tells(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    bench.servos[1].set_supply(3.2)
    report = bench.wait_for(lambda report: report.servos[1].voltage == 3.2)
    assert report.mode is ArmMode.ENABLED
    if driver != 'lx16a':
        report = bench.wait_for(lambda report: report.servos[1].state.value == 'warning')
        assert 'voltage' in report.servos[1].reason
    bench.servos[1].set_supply(None)
    if driver != 'dynamixel':  # keeps its alert until it restarts
        bench.wait_for(states_all_ok)


def test_two_servos_with_one_id_are_never_believed(arm_bench, driver):
    bench = arm_bench(driver)
    spread_out(bench)
    truth = bench.truth()
    bench.servos[1].set_register('servo_id' if driver == 'lx16a' else 'id', 1)
    bench.open(settled=False)
    states = bench.read_cycles(20)
    for state in states:
        assert np.isnan(state.position[:2]).all()
    assert_never_wrong(bench, states, truth)
    outcome = bench.arm.enable().result(10)
    assert not outcome.done and 'joint_2' in outcome.message, 'nobody has that id'
    assert all(not servo.goals and not servo.torque for servo in bench.servos)


def test_unplugged_and_replugged_the_arm_stays_limp_until_enabled_again(arm_bench, driver):
    bench = opened(arm_bench, driver)
    bench.enable()
    target = np.full(3, 0.3)
    bench.arm.write(target)
    bench.wait_until_at(target)
    bench.bus.unplug()
    report = bench.wait_for(lambda report: report.mode is ArmMode.DISCONNECTED)
    assert bench.bus.path in report.reason
    assert np.isnan(bench.arm.read().position).all()
    assert not bench.arm.enable().result(10).done
    bench.arm.write(np.zeros(3))
    goals = [len(servo.goals) for servo in bench.servos]
    truth = bench.truth()
    bench.bus.replug()
    report = bench.wait_for(states_all_ok)
    assert report.mode is ArmMode.DISABLED
    assert [len(servo.goals) for servo in bench.servos] == goals
    assert not any(servo.torque for servo in bench.servos)
    assert_never_wrong(bench, bench.read_cycles(5), truth)
    bench.enable()
    first = [servo.goals[n][1] for servo, n in zip(bench.servos, goals, strict=True)]
    for joint, tick, q in zip(bench.calibration.joints, first, truth, strict=True):
        assert abs(tick - joint.to_tick(q)) <= 2
    bench.arm.write(target)
    bench.wait_until_at(target)


def test_at_the_wrong_baud_rate_nothing_is_known_and_nothing_is_sent(arm_bench, driver):
    other = 57_600 if driver == 'lx16a' else 500_000
    bench = arm_bench(driver)
    settings = dataclasses.replace(bench.calibration.bus, baud=other)
    bench.calibration = dataclasses.replace(bench.calibration, bus=settings)
    bench.open(settled=False)
    assert all(np.isnan(s.position).all() for s in bench.read_cycles(10))
    outcome = bench.arm.enable().result(10)
    assert not outcome.done and 'no answer from joint_1, joint_2, joint_3' in outcome.message
    assert all(not servo.goals and not servo.torque for servo in bench.servos)


def states_all_ok(report):
    return all(servo.state.value == 'ok' for servo in report.servos)
