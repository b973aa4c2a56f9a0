"""Hobby servos: the pulses that go out, and that nobody takes the answers for measurements."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ik_gd.arms.servo import pca9685
from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.controller import ArmMode, Controller
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.port import PortLost
from ik_gd.core.errors import CalibrationError

CALIBRATION = load_calibration(Path(__file__).parents[3] / 'config' / 'pca9685_calibration.yaml')


def board_of_registers():
    """Stands where adafruit_pca9685.PCA9685 does: duty cycles of 16 channels."""
    return SimpleNamespace(
        frequency=0, channels=[SimpleNamespace(duty_cycle=0) for _ in range(pca9685.CHANNELS)]
    )


def counts(board):
    """What the chip's 12-bit registers hold, as the library cuts duty cycles to them."""
    return [channel.duty_cycle >> 4 for channel in board.channels[:4]]


@pytest.fixture
def rig():
    now = [0.0]
    board = board_of_registers()
    channels = tuple(JointChannel(joint) for joint in CALIBRATION.joints)
    servos = pca9685.Pca9685Servos(pca9685.Pca9685Board(board), CALIBRATION.joints)
    controller = Controller(CALIBRATION, channels, servos, lambda: now[0])

    def run(cycles, command=None):
        for _ in range(cycles):
            now[0] += 0.02
            controller.cycle(lambda: [command] if command else [])

    return SimpleNamespace(board=board, channels=channels, controller=controller, run=run)


def test_it_runs_at_50_hz_and_is_limp_until_enabled(rig):
    rig.run(10, {0: 0.5})
    assert rig.board.frequency == 50
    assert counts(rig.board) == [0, 0, 0, 0]


def test_enabled_it_sends_the_middle_and_then_what_is_commanded(rig):
    rig.run(10)
    assert rig.controller.enable().done
    assert counts(rig.board) == [307] * 4  # 1500 us of 20 ms in 4096 counts
    rig.run(200, {0: 0.5, 2: 0.5})
    pulses = np.array([channel.duty_cycle for channel in rig.board.channels[:4]]) * 20000 / 65535
    turned = 0.5 * 4000 / (2 * np.pi)
    np.testing.assert_allclose(pulses, [1500 + turned, 1500, 1500 - turned, 1500], atol=1.0)
    assert rig.controller.disable().done
    assert counts(rig.board) == [0, 0, 0, 0]


def test_no_pulse_leaves_the_calibrated_range(rig):
    rig.run(5)
    assert rig.controller.enable().done
    rig.run(400, dict.fromkeys(range(4), 9.0))
    pulses = [channel.duty_cycle * 20000 / 65535 for channel in rig.board.channels[:4]]
    for joint, pulse in zip(CALIBRATION.joints, pulses, strict=True):
        assert joint.tick_min - 1 <= pulse <= joint.tick_max + 1


def test_every_joint_is_marked_open_loop(rig):
    rig.run(10)
    assert rig.controller.mode is ArmMode.DISABLED
    for channel in rig.channels:
        state, reason = channel.state()
        assert state.value == 'warning'
        assert 'open loop' in reason


def test_a_board_that_is_gone_is_a_lost_port():
    class Gone:
        def __setattr__(self, name, value):
            raise OSError('Remote I/O error')

    with pytest.raises(PortLost, match='PCA9685 board is gone'):
        pca9685.Pca9685Board(Gone())


def test_a_port_that_is_no_address_is_refused():
    settings = dataclasses.replace(CALIBRATION.bus, port='/dev/ttyUSB0')
    with pytest.raises(CalibrationError, match='no I2C address'):
        pca9685.open_board(settings, lambda: 0.0)
