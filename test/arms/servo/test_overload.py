"""A shaft that is held fast. The LX-16A does not tell; it just lets go."""

from __future__ import annotations

import numpy as np
import pytest

from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.emulator.faults import Switches


def is_well(report):
    return all(servo.state.value == 'ok' for servo in report.servos)


@pytest.mark.parametrize('driver', ['feetech_sts', 'feetech_scs', 'dynamixel'])
def test_an_overloaded_servo_lets_go_and_can_be_cleared(arm_bench, driver):
    bench = arm_bench(driver, switches=Switches(overload_time=0.1))
    bench.open()
    bench.enable()
    bench.faults.overload = {2}
    bench.arm.write(bench.truth() + np.array([0.0, -0.5, 0.0]))
    report = bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert 'joint_2: overload' in report.reason
    bench.read_cycles(3)
    assert not bench.servos[1].torque
    assert bench.servos[0].torque and bench.servos[2].torque
    assert not bench.arm.enable().result(10).done, 'not before it is cleared by hand'
    bench.faults.overload = set()
    bench.wait_for(lambda _: bench.arm.clear_fault().result(10).done)
    bench.wait_for(is_well)  # a Dynamixel has restarted
    here = bench.truth()
    bench.enable()
    np.testing.assert_allclose(bench.truth(), here, atol=0.015)
    assert all(servo.torque for servo in bench.servos)


def test_an_overloaded_lx16a_is_found_without_torque_and_stays_so_until_enabled(arm_bench):
    bench = arm_bench('lx16a', switches=Switches(overload_time=0.1))
    bench.open()
    bench.enable()
    bench.faults.overload = {2}
    bench.arm.write(bench.truth() + np.array([0.0, -0.5, 0.0]))
    report = bench.wait_for(lambda report: report.mode is ArmMode.HOLDING)
    assert 'joint_2: it has lost its torque' in report.reason
    bench.faults.overload = set()
    bench.read_cycles(10)
    assert [servo.torque for servo in bench.servos] == [True, False, True]
    bench.enable()
    assert all(servo.torque for servo in bench.servos)
