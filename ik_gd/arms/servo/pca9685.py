"""Hobby servos on a PCA9685 board: pulses out, nothing back.

Such a servo does not tell where it is. What is read here is what was sent last, and before that
the joint's zero: the readings say so in a warning, and a joint may jump when it is enabled.
Needs the optional package adafruit-circuitpython-pca9685. Ticks are microseconds of pulse.
Source: NXP's PCA9685 data sheet.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ik_gd.arms.servo.bus import Miss, Result, ServoBus
from ik_gd.arms.servo.calibration import BusSettings, JointCalibration
from ik_gd.arms.servo.port import PortLost
from ik_gd.arms.servo.servos import Control, ControlResult, Reading, ReadingResult, Setting
from ik_gd.core.errors import ArmError, CalibrationError

FREQUENCY = 50  # [Hz] of pulses, as hobby servos want it
PERIOD = 1_000_000 // FREQUENCY  # [us]
LAST_TICK = 2600  # [us] no hobby servo takes a longer pulse
TICKS_PER_REV = 4000  # 2000 us are 180 degrees, with most
CHANNELS = 16
_FULL = 0xFFFF  # duty cycle of the library, of which the board keeps 12 bits
_OPEN_LOOP = ('open loop: where it was sent, not where it is',)


class Pca9685Board:
    """The board as a line that can be lost and closed.

    Args:
        board: adafruit_pca9685.PCA9685, or what has the same `frequency` and `channels`.
    """

    def __init__(self, board: Any) -> None:
        self.strays = 0
        self._board = board
        with _lost_port():
            board.frequency = FREQUENCY

    def pulse(self, channel: int, width: int) -> None:
        """Send pulses of `width` [us] from now on; 0: none, the servo goes limp."""
        with _lost_port():
            self._board.channels[channel].duty_cycle = round(width * _FULL / PERIOD)

    def close(self) -> None:
        """Let go of the bus; the board keeps sending what it sends."""


def open_board(settings: BusSettings, clock: Callable[[], float]) -> Pca9685Board:
    """Open the board whose I2C address is the setting `port`, such as '0x40'.

    Raises:
        ArmError: the library is not installed.
        CalibrationError: the port is no address.
        PortLost: no board answers.
    """
    del clock
    try:
        address = int(settings.port, 0)
    except ValueError:
        raise CalibrationError(
            f"bus: port {settings.port!r} is no I2C address such as '0x40'"
        ) from None
    try:
        import board
        from adafruit_pca9685 import PCA9685
    except (ImportError, NotImplementedError) as error:
        raise ArmError(
            f'driver pca9685 needs the package adafruit-circuitpython-pca9685: {error}'
        ) from error
    with _lost_port():
        return Pca9685Board(PCA9685(board.I2C(), address=address))


class NoBus:
    """The ServoBus of servos that cannot be asked anything."""

    def ping(self, servo: int) -> int | None:
        """Return None: nobody answers."""
        return None

    def read_block(self, servo: int, address: int, length: int) -> Result:
        """Return that there is no answer."""
        return Miss.SILENT

    def sync_read(self, servos: Sequence[int], address: int, length: int) -> dict[int, Result]:
        """Return that there are no answers."""
        return dict.fromkeys(servos, Miss.SILENT)

    def sync_write(self, address: int, data: Mapping[int, bytes]) -> None:
        """Do nothing: there are no registers."""


class Pca9685Servos:
    """Hobby servos, by the channel they are plugged into."""

    def __init__(self, board: Pca9685Board, joints: Sequence[JointCalibration]) -> None:
        self.bus: ServoBus = NoBus()
        self.has_common_read = True
        self._board = board
        self._goals = {
            joint.id: min(max(joint.zero_tick, joint.tick_min), joint.tick_max) for joint in joints
        }
        self._with_torque: set[int] = set()

    def read_status(self, servos: Sequence[int]) -> dict[int, ReadingResult]:
        """Return what was sent last, marked as such."""
        nan = math.nan
        return {
            servo: Reading(self._goals[servo], nan, nan, nan, nan, (), _OPEN_LOOP)
            for servo in servos
        }

    def read_slowly(self, servo: int) -> None:
        """Do nothing: there is nothing to read."""

    def read_control(self, servos: Sequence[int]) -> dict[int, ControlResult]:
        """Return what the servos have been told."""
        return {servo: Control(servo in self._with_torque, self._goals[servo]) for servo in servos}

    def compare(self, joint: JointCalibration) -> tuple[Setting, ...] | Miss:
        """Return nothing: a hobby servo has no settings."""
        return ()

    def write_limits(self, joints: Sequence[JointCalibration]) -> None:
        """Do nothing: a hobby servo has no limits of its own."""

    def write_goals(self, goals: Mapping[int, int]) -> None:
        """Change the pulses [us] of the servos that have torque."""
        for servo, goal in goals.items():
            if servo in self._with_torque and goal != self._goals[servo]:
                self._board.pulse(servo, goal)
            self._goals[servo] = goal

    def write_torque(self, servos: Sequence[int], on: bool) -> None:
        """Start or end the pulses."""
        for servo in servos:
            self._board.pulse(servo, self._goals[servo] if on else 0)
            (self._with_torque.add if on else self._with_torque.discard)(servo)

    def write_watchdog(self, servos: Sequence[int], seconds: float) -> None:
        """Do nothing: the board sends its pulses for ever."""

    def clear_faults(self, servo: int) -> bool:
        """Do nothing: a hobby servo reports no faults."""
        return False


@contextlib.contextmanager
def _lost_port() -> Any:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: no device at the address
        raise PortLost(f'the PCA9685 board is gone: {error}') from error
