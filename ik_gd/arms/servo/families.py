"""The servo families that a calibration can name as its `driver`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ik_gd.arms.servo import pca9685
from ik_gd.arms.servo.buses.dynamixel2 import DynamixelBus
from ik_gd.arms.servo.buses.feetech import FeetechBus
from ik_gd.arms.servo.buses.lx16a import Lx16aBus
from ik_gd.arms.servo.calibration import BusSettings, Calibration, JointCalibration
from ik_gd.arms.servo.lx16a_servos import LAST_TICK, TICKS_PER_REV, Lx16aServos
from ik_gd.arms.servo.port import PortLost, SerialPort
from ik_gd.arms.servo.register_servos import RegisterServos
from ik_gd.arms.servo.registers.dynamixel_x import DYNAMIXEL_X
from ik_gd.arms.servo.registers.feetech import SCS, STS
from ik_gd.arms.servo.registers.table import RegisterTable
from ik_gd.arms.servo.servos import Servos
from ik_gd.core.errors import CalibrationError

Joints = Sequence[JointCalibration]


class Line(Protocol):
    """What servos are on.

    Attributes:
        strays: bytes received that nobody had asked for.
    """

    strays: int

    def close(self) -> None:
        """Close it; calling it again does nothing."""
        ...


def open_serial(settings: BusSettings, clock: Callable[[], float]) -> SerialPort:
    """Open a serial port and find out whether it echoes; PortLost if it cannot be opened."""
    port = SerialPort(settings.port, settings.baud, clock)
    try:
        port.echo = settings.echo == 'on'
        if settings.echo == 'auto':
            port.detect_echo()
    except PortLost:
        port.close()
        raise
    return port


@dataclass(frozen=True)
class Family:
    """One kind of servo.

    Attributes:
        open: puts the family's servos on an open line; takes the line, how to talk on it, and the
            joints, where they are known.
        models: the names a calibration may give.
        bauds: the rates that a scan tries, the usual one first.
        last_tick: the highest goal.
        ticks_per_rev: ticks in a full turn.
        table: the registers; None for a protocol with commands.
        open_line: opens what the family is on, a serial port for most.
    """

    open: Callable[[Any, BusSettings, Sequence[JointCalibration]], Servos]
    models: tuple[str, ...]
    bauds: tuple[int, ...]
    last_tick: int
    ticks_per_rev: float
    table: RegisterTable | None = None
    open_line: Callable[[BusSettings, Callable[[], float]], Line] = open_serial

    def model_name(self, number: int) -> str | None:
        """Return the name of a model that answered, None if it is not of this family.

        STS and SCS servos answer each other's questions, with the bytes the other way round.
        """
        if self.table is None:
            return self.models[0]
        if number in self.table.models:
            return self.table.models[number]
        swapped = int.from_bytes(number.to_bytes(2, 'little'), 'big')
        if any(swapped in other.models for other in (STS, SCS) if self.table in (STS, SCS)):
            return None
        return f'model {number}'


def _open_sts(port: SerialPort, settings: BusSettings, _: Joints) -> Servos:
    return RegisterServos(FeetechBus(port, settings.timeout), STS)


def _open_scs(port: SerialPort, settings: BusSettings, _: Joints) -> Servos:
    return RegisterServos(FeetechBus(port, settings.timeout, is_scs=True), SCS)


def _open_dynamixel(port: SerialPort, settings: BusSettings, _: Joints) -> Servos:
    bus = DynamixelBus(port, settings.timeout)
    return RegisterServos(bus, DYNAMIXEL_X, bus.reboot)


def _open_lx16a(port: SerialPort, settings: BusSettings, _: Joints) -> Servos:
    return Lx16aServos(Lx16aBus(port, settings.timeout), 1.0 / settings.rate)


def _open_pca9685(board: pca9685.Pca9685Board, _: BusSettings, joints: Joints) -> Servos:
    return pca9685.Pca9685Servos(board, joints)


def _family(
    opener: Callable[[SerialPort, BusSettings, Joints], Servos],
    table: RegisterTable,
    usual_baud: int,
) -> Family:
    return Family(
        open=opener,
        models=tuple(table.models.values()),
        bauds=(usual_baud, *(baud for baud in table.bauds if baud != usual_baud)),
        last_tick=table.last_tick,
        ticks_per_rev=table.ticks_per_rev,
        table=table,
    )


FAMILIES: Mapping[str, Family] = {
    'feetech_sts': _family(_open_sts, STS, 1_000_000),
    'feetech_scs': _family(_open_scs, SCS, 1_000_000),
    'dynamixel': _family(_open_dynamixel, DYNAMIXEL_X, 57_600),
    'lx16a': Family(_open_lx16a, ('lx16a',), (115_200,), LAST_TICK, TICKS_PER_REV),
    'pca9685': Family(
        _open_pca9685,
        ('pwm',),
        (),
        pca9685.LAST_TICK,
        pca9685.TICKS_PER_REV,
        open_line=pca9685.open_board,
    ),
}


def family_of(calibration: Calibration) -> Family:
    """Return the family of an arm's servos.

    Raises:
        CalibrationError: no such driver or model, or goals that the servos cannot take.
    """
    driver = calibration.bus.driver
    if driver not in FAMILIES:
        raise CalibrationError(f'bus: driver {driver!r} is not one of {", ".join(FAMILIES)}')
    family = FAMILIES[driver]
    for joint in calibration.joints:
        if joint.model not in family.models:
            raise CalibrationError(
                f'joint {joint.name}: {driver} has no model {joint.model!r}; '
                f'it has {", ".join(family.models)}'
            )
        if joint.tick_min < 0 or joint.tick_max > family.last_tick:
            raise CalibrationError(
                f'joint {joint.name}: ticks {joint.tick_min} .. {joint.tick_max} are not within '
                f'0 .. {family.last_tick}: in position mode {driver} cannot cross its zero; '
                'set the homing offset so that the range does not'
            )
    return family
