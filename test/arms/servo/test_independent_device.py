"""The driver on a Feetech bus that somebody else has simulated: feetech-cli's, behind a pty."""

from __future__ import annotations

import os
import pty
import select
import threading
import tty
from dataclasses import replace

import numpy as np
import pytest

from ik_gd.arms.servo.controller import ArmMode
from ik_gd.arms.servo.servo_arm import ServoArm

simulator = pytest.importorskip(
    'feetech_cli.simulator',
    reason='feetech-cli of requirements/servo-oracles.txt is not installed',
)


class SimulatedPort:
    """Passes whole packets between a pty and feetech-cli's SimulatedBus."""

    def __init__(self, bus):
        self.bus = bus
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self):
        os.write(self._wake_write, b'.')
        self._thread.join()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            os.close(descriptor)

    def _run(self):
        pending = b''
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            pending += os.read(self._master, 4096)
            while (start := pending.find(b'\xff\xff')) >= 0:
                packet = pending[start:]
                if len(packet) < 4 or len(packet) < packet[3] + 4:
                    break
                self.bus.write(packet[: packet[3] + 4])
                pending = packet[packet[3] + 4 :]
                os.write(self._master, self.bus.read(4096))


@pytest.fixture(params=[False, True], ids=['quiet adapter', 'echoing adapter'])
def device(request):
    servos = [simulator.SimulatedServo(i) for i in (1, 2, 3)]
    port = SimulatedPort(simulator.SimulatedBus(servos, echo=request.param))
    yield port
    port.close()


@pytest.fixture
def arm(device, calibration_of):
    calibration = calibration_of('feetech_sts', temp_warn=60.0, temp_stop=70.0, trim_limit=0.0)
    bus = replace(calibration.bus, port=device.path)
    arm = ServoArm(replace(calibration, bus=bus))
    yield arm
    arm.close()


def read_until(arm, condition):
    for _ in range(2000):
        arm.wait_for_state(0.1)
        if condition():
            return
    raise AssertionError(arm.report())


def test_the_driver_reads_enables_moves_and_lets_go(device, arm):
    servos = device.bus.servos
    read_until(arm, lambda: [s.state.value for s in arm.report().servos] == ['ok'] * 3)
    report = arm.report()
    assert [servo.voltage for servo in report.servos] == pytest.approx([12.1] * 3)
    assert [servo.temperature for servo in report.servos] == [35.0] * 3
    assert not any(servo.get('torque_enable') for servo in servos)
    assert arm.enable().result(10).done
    assert [servo.get('goal_position') for servo in servos] == [2048] * 3
    assert [servo.get('torque_limit') for servo in servos] == [900] * 3
    target = np.array([0.5, -0.5, 1.0])
    arm.write(target)
    ticks = [2374, 2374, 2700]
    read_until(arm, lambda: [servo.get('present_position') for servo in servos] == ticks)
    read_until(arm, lambda: np.allclose(arm.read().position, target, atol=0.001))
    assert arm.disable().result(10).done
    assert not any(servo.get('torque_enable') for servo in servos)
    assert not any(servo.rejected_writes for servo in servos), 'no write to locked EEPROM'


def test_a_homing_offset_that_the_file_does_not_know_makes_the_arm_read_only(device, arm):
    device.bus.servos[1]._store('homing_offset', 85)
    read_until(arm, lambda: arm.report().mode is ArmMode.READ_ONLY)
    assert 'joint_2: homing_offset is 85, not 0' in arm.report().reason
    assert not arm.enable().result(10).done
