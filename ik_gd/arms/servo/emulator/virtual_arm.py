"""The servos of an arm, made from its calibration file as the bench would find them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ik_gd.arms.servo.emulator.dynamixel_device import DynamixelServo
from ik_gd.arms.servo.emulator.dynamixel_line import DynamixelLine
from ik_gd.arms.servo.emulator.dynamixel_registers import BAUD_RATES as DYNAMIXEL_BAUD_RATES
from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.feetech_device import SERIES, FeetechServo, magnitude
from ik_gd.arms.servo.emulator.feetech_line import FeetechLine
from ik_gd.arms.servo.emulator.feetech_registers import BAUD_RATES as FEETECH_BAUD_RATES
from ik_gd.arms.servo.emulator.lx16a_device import Lx16aServo, Settings
from ik_gd.arms.servo.emulator.lx16a_line import Lx16aLine
from ik_gd.arms.servo.emulator.servo_model import ServoBody, ServoModel
from ik_gd.arms.servo.emulator.virtual_servo import Line, VirtualServo
from ik_gd.core.errors import CalibrationError

STOP_MARGIN = 0.02  # [turns] the hard stops lie so far outside the calibrated range
RAMP_TIME = 0.05  # [s] a servo reaches its full speed in


@dataclass(frozen=True)
class Kind:
    """A model of servo.

    Attributes:
        number: what its model register says.
        ticks_per_rev: encoder ticks a turn.
        max_speed: [ticks/s] at the nominal supply.
        supply: nominal voltage [V].
        stall_current: [mA], where a register shows current; None where it shows load.
    """

    number: int
    ticks_per_rev: float
    max_speed: float
    supply: float
    stall_current: float | None = None


# driver: model (letters and digits only): kind; the first is meant where the file names none.
# Numbers and speeds: data sheets of the makers.
KINDS: dict[str, dict[str, Kind]] = {
    'feetech_sts': {
        'sts3215': Kind(777, 4096, 3400, 7.4, 2700),
        'sts3250': Kind(2825, 4096, 4500, 7.4, 2700),
    },
    'feetech_scs': {'scs0009': Kind(1284, 1228.8, 2048, 6.0)},
    'dynamixel': {
        'xl330m288': Kind(1200, 4096, 7030, 5.0, 1470),
        'xl330m077': Kind(1190, 4096, 26100, 5.0, 1470),
        'xl430w250': Kind(1060, 4096, 4160, 12.0),
    },
    'lx16a': {'lx16a': Kind(0, 1500, 1562, 7.4)},
}


@dataclass(frozen=True)
class JointRow:
    """One joint of a calibration file, as far as a servo knows of it."""

    name: str
    servo_id: int
    kind: Kind
    zero: int
    low: int | None
    high: int | None
    homing_offset: int

    @property
    def start(self) -> int:
        """Where the joint is at first [ticks]: its zero, or the middle if that is outside."""
        if self.low is None or self.high is None or self.low <= self.zero <= self.high:
            return self.zero
        return (self.low + self.high) // 2


@dataclass(frozen=True)
class ArmPlan:
    """What a calibration file says: the family, the baud rate, the joints."""

    driver: str
    baud: int
    joints: tuple[JointRow, ...]


def read_plan(source: str | Path | Mapping[str, Any]) -> ArmPlan:
    """Read a calibration file, or its content.

    Raises:
        CalibrationError: it is not readable, or lacks what a servo must know.
    """
    if isinstance(source, Mapping):
        tree: Any = source
    else:
        try:
            tree = yaml.safe_load(Path(source).read_text(encoding='utf-8'))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            line = ' '.join(str(error).split())
            raise CalibrationError(f'calibration {source}: not readable: {line}') from None
    try:
        bus, joints = tree['bus'], tree['joints']
        driver = bus['driver']
        if driver not in KINDS:
            raise CalibrationError(f'bus driver {driver!r}: choose one of {", ".join(KINDS)}')
        baud = int(bus.get('baud', 115_200 if driver == 'lx16a' else 1_000_000))
        rows = tuple(_row(driver, name, row) for name, row in joints.items())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CalibrationError(
            'calibration: needs bus: {driver} and joints: {NAME: {id, zero_tick, ...}}; '
            f'{type(error).__name__}: {error}'
        ) from None
    if not rows:
        raise CalibrationError('calibration: joints is empty; give at least one servo')
    return ArmPlan(driver, baud, rows)


def _row(driver: str, name: str, row: Mapping[str, Any]) -> JointRow:
    kinds = KINDS[driver]
    wanted = ''.join(char for char in str(row.get('model') or '').lower() if char.isalnum())
    kind = next((kinds[known] for known in kinds if known.startswith(wanted)), None)
    if kind is None:
        raise CalibrationError(
            f'joint {name!r}: model {row["model"]!r} of {driver} is not emulated; '
            f'choose one of {", ".join(kinds)}'
        )
    low, high = row.get('tick_min'), row.get('tick_max')
    return JointRow(
        name=name,
        servo_id=int(row['id']),
        kind=kind,
        zero=int(row.get('zero_tick', 500 if driver == 'lx16a' else 2048)),
        low=None if low is None else int(low),
        high=None if high is None else int(high),
        homing_offset=int(row.get('homing_offset') or 0),
    )


def build_line(
    plan: ArmPlan,
    faults: Faults,
    switches: Switches,
    *,
    backlash: float = 0.0,
    gravity: Mapping[str, float] | None = None,
    now: float = 0.0,
) -> Line[Any, Any]:
    """Make the servos of an arm and put them on one wire, switched on.

    Args:
        plan: the joints.
        faults: shared by all servos.
        switches: shared by all servos.
        backlash: play of every joint [rad].
        gravity: joint: load of its link when level, as a fraction of the stall torque.
        now: the time at first [s].
    """
    loads = dict(gravity or {})
    unknown = sorted(set(loads) - {row.name for row in plan.joints})
    if unknown:
        known = ', '.join(row.name for row in plan.joints)
        raise CalibrationError(f'gravity of joint {unknown[0]!r}: choose one of {known}')
    servos: list[Any] = []
    for row in plan.joints:
        body = _body(plan, row, switches, backlash, loads.get(row.name, 0.0))
        model = ServoModel(body, _raw(plan, row, row.start), now)
        servo = _SERVOS[plan.driver](plan, row, model, faults, switches)
        servo.power_up()
        servos.append(servo)
    return _LINES[plan.driver](servos)


def _raw(plan: ArmPlan, row: JointRow, shown: float) -> float:
    """Return the encoder's reading where the register shows `shown` [ticks]."""
    offset = row.homing_offset
    return shown + offset if plan.driver.startswith('feetech') else shown - offset


def _body(
    plan: ArmPlan, row: JointRow, switches: Switches, backlash: float, gravity_load: float
) -> ServoBody:
    kind = row.kind
    margin = STOP_MARGIN * kind.ticks_per_rev
    return ServoBody(
        ticks_per_rev=kind.ticks_per_rev,
        max_speed=kind.max_speed,
        max_acceleration=kind.max_speed / RAMP_TIME,
        low=-math.inf if row.low is None else _raw(plan, row, row.low - margin),
        high=math.inf if row.high is None else _raw(plan, row, row.high + margin),
        backlash=backlash / (2 * math.pi) * kind.ticks_per_rev,
        give=0.005 * kind.ticks_per_rev,
        gravity_load=gravity_load,
        level_tick=_raw(plan, row, row.zero),
        thermal_time=switches.thermal_time,
    )


def _baud_index(plan: ArmPlan, rates: tuple[int, ...]) -> int:
    if plan.baud not in rates:
        choices = ', '.join(map(str, rates))
        raise CalibrationError(f'bus baud {plan.baud}: {plan.driver} has {choices}')
    return rates.index(plan.baud)


def _feetech(
    plan: ArmPlan, row: JointRow, model: ServoModel, faults: Faults, switches: Switches
) -> VirtualServo:
    series, kind = SERIES[plan.driver], row.kind
    servo = FeetechServo(row.name, series, model, faults, switches, kind.supply)
    store = servo.registers.store
    store('model', kind.number)
    store('id', row.servo_id)
    store('baud', _baud_index(plan, FEETECH_BAUD_RATES))
    if row.low is not None and row.high is not None:
        store('min_angle', row.low)
        store('max_angle', row.high)
    if row.homing_offset and 'homing_offset' not in servo.registers:
        raise CalibrationError(f'joint {row.name!r}: SCS servos have no homing_offset')
    if row.homing_offset:
        store('homing_offset', magnitude(row.homing_offset, 11))
    return servo


def _dynamixel(
    plan: ArmPlan, row: JointRow, model: ServoModel, faults: Faults, switches: Switches
) -> VirtualServo:
    kind = row.kind
    servo = DynamixelServo(row.name, kind.stall_current, model, faults, switches, kind.supply)
    store = servo.registers.store
    store('model', kind.number)
    store('id', row.servo_id)
    store('baud', _baud_index(plan, DYNAMIXEL_BAUD_RATES))
    store('homing_offset', row.homing_offset)
    store('velocity_limit', round(kind.max_speed / (0.229 / 60 * kind.ticks_per_rev)))
    if row.low is not None and row.high is not None:
        store('min_position', row.low)
        store('max_position', row.high)
    return servo


def _lx16a(
    plan: ArmPlan, row: JointRow, model: ServoModel, faults: Faults, switches: Switches
) -> VirtualServo:
    del plan
    low, high = row.low or 0, 1000 if row.high is None else row.high
    settings = Settings(
        servo_id=row.servo_id,
        offset=row.homing_offset,
        low=min(max(low, 0), 1000),
        high=min(max(high, 0), 1000),
    )
    return Lx16aServo(row.name, settings, model, faults, switches, row.kind.supply)


_SERVOS = {
    'feetech_sts': _feetech,
    'feetech_scs': _feetech,
    'dynamixel': _dynamixel,
    'lx16a': _lx16a,
}
_LINES: dict[str, type[Line[Any, Any]]] = {
    'feetech_sts': FeetechLine,
    'feetech_scs': FeetechLine,
    'dynamixel': DynamixelLine,
    'lx16a': Lx16aLine,
}
