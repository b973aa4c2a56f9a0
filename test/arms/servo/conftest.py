"""An arm on a virtual bus: the driver on one side, hands and instruments on the other."""

from __future__ import annotations

import dataclasses
import time
from contextlib import ExitStack

import numpy as np
import pytest

from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.arms.servo.calibration_file import format_calibration
from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.virtual_bus import VirtualBus
from ik_gd.arms.servo.servo_arm import ServoArm

PATIENCE = 20.0  # [s] a test fails after; far more than anything takes on a busy machine

MODELS = {
    'feetech_sts': ('sts3215', 2048, 4096, 1000, 3000),
    'feetech_scs': ('scs0009', 512, 1228.8, 200, 900),
    'dynamixel': ('xl330_m288', 2048, 4096, 1000, 3000),
    'lx16a': ('lx16a', 500, 1500, 100, 900),
}


def make_calibration(driver: str, joints: int = 3, trim_limit=0.03, **bus) -> Calibration:
    """An arm of alike joints; every other one turns the other way."""
    model, zero, per_turn, low, high = MODELS[driver]
    settings = {
        'baud': 115_200 if driver == 'lx16a' else 1_000_000,
        'rate': 60.0 if driver == 'lx16a' else 100.0,  # three joints, so more than an arm's 30
        'timeout': 0.04,  # virtual servos of a busy test process may be late, more than once
        'error_timeout': 0.6,
        'command_timeout': 0.0,
        'soft_start': 0.0,
        **bus,
    }
    rows = tuple(
        JointCalibration(
            name=f'joint_{i}',
            id=i,
            model=model,
            sign=1 if i % 2 else -1,
            zero_tick=zero,
            ticks_per_rev=per_turn,
            tick_min=low,
            tick_max=high,
            homing_offset=None if driver == 'feetech_scs' else 0,
            max_velocity=4.0,
            max_acceleration=40.0,
            trim_limit=trim_limit,
            torque_limit=None if driver == 'lx16a' else 0.9,
            temp_warn=45.0,
            temp_stop=55.0,
        )
        for i in range(1, joints + 1)
    )
    return Calibration(BusSettings(driver, 'to be made', **settings), rows)


class ArmBench:
    """A virtual bus and, once opened, the arm on it.

    Attributes:
        states: all that was read through the bench.
    """

    def __init__(self, calibration, tmp_path, switches=None):
        path = tmp_path / 'calibration.yaml'
        path.write_text(format_calibration(calibration))
        self._stack = ExitStack()
        self.bus = self._stack.enter_context(
            VirtualBus.from_calibration(path, faults=Faults(), switches=switches or Switches())
        )
        settings = dataclasses.replace(calibration.bus, port=self.bus.path)
        self.calibration = dataclasses.replace(calibration, bus=settings)
        self.faults = self.bus.faults
        self.states = []
        self.arm = None

    @property
    def servos(self):
        return [self.bus.servo(joint.name) for joint in self.calibration.joints]

    def open(self, settled=True):
        """Open the arm and wait until every servo is known to be well."""
        self.arm = ServoArm(self.calibration)
        self._stack.callback(self.arm.close)
        if settled:
            self.wait_for(lambda report: states_of(report) == ['ok'] * len(self.servos))
        return self.arm

    def enable(self):
        outcome = self.arm.enable().result(PATIENCE)
        assert outcome.done, outcome.message

    def wait_for(self, condition):
        """Read on until `condition` holds of the report; return the report."""
        found = []

        def holds():
            report = self.arm.report()
            found[:] = [report]
            return condition(report)

        self._read_until(holds, self.arm.report)
        return found[0]

    def wait_until_at(self, positions, tolerance=0.02):
        """Read on until the arm is where it was sent."""
        self._read_until(
            lambda: np.allclose(self.arm.read().position, positions, atol=tolerance),
            self.arm.report,
        )

    def read_cycles(self, count):
        """Read as many new states; return them."""
        start = len(self.states)
        self._read_until(lambda: len(self.states) >= start + count, self.arm.report)
        return self.states[start:]

    def truth(self):
        """Where the joints really are [rad]."""
        pairs = zip(self.calibration.joints, self.servos, strict=True)
        return np.array([joint.to_radians(servo.position_ticks) for joint, servo in pairs])

    def close(self):
        self._stack.close()

    def _read_until(self, is_done, describe):
        give_up = time.monotonic() + PATIENCE
        while not is_done():
            self.arm.wait_for_state(0.1)
            state = self.arm.read()
            if not self.states or state is not self.states[-1]:
                self.states.append(state)
            assert time.monotonic() < give_up, describe()


def states_of(report):
    return [servo.state.value for servo in report.servos]


@pytest.fixture
def calibration_of():
    """Make calibrations: calibration_of(driver, temp_stop=...)."""

    def make(driver, **changes):
        calibration = make_calibration(driver)
        rows = tuple(dataclasses.replace(joint, **changes) for joint in calibration.joints)
        return dataclasses.replace(calibration, joints=rows)

    return make


@pytest.fixture
def arm_bench(tmp_path):
    """Make benches: arm_bench(driver, joints=3, switches=None, **bus settings)."""
    with ExitStack() as stack:

        def make(driver, joints=3, switches=None, **bus):
            bench = ArmBench(make_calibration(driver, joints, **bus), tmp_path, switches)
            stack.callback(bench.close)
            return bench

        yield make
