"""A virtual Feetech servo: what its registers mean; STS / SMS and SCS series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.feetech_registers import BAUD_RATES, EEPROM, SCS, STS
from ik_gd.arms.servo.emulator.register_file import Register, RegisterFile
from ik_gd.arms.servo.emulator.servo_model import ServoModel
from ik_gd.arms.servo.emulator.virtual_servo import VirtualServo

VOLTAGE, TEMPERATURE, OVERLOAD = 1, 4, 32  # bits of the status register
WHEEL = 1  # `mode`: turn without end
MULTI_TURN = 0b10000  # `phase`: positions do not wrap
RECENTRE = 128  # `torque`: make here the middle
CURRENT_UNIT = 6.5  # [mA]
STALL_CURRENT = 2700.0  # [mA], STS3215


@dataclass(frozen=True)
class Series:
    """In what the STS and SCS series differ.

    Attributes:
        table: the registers.
        byteorder: of registers and status words.
        resolution: ticks of the encoder's range.
        group_reads: whether it knows sync read, and answers a broadcast ping in turn.
    """

    table: tuple[Register, ...]
    byteorder: Literal['little', 'big']
    resolution: int
    group_reads: bool


SERIES = {
    'feetech_sts': Series(STS, 'little', 4096, True),
    'feetech_scs': Series(SCS, 'big', 1024, False),
}


def magnitude(value: int, sign_bit: int) -> int:
    """Return a register's sign-magnitude word for `value`."""
    limit = (1 << sign_bit) - 1
    return min(abs(value), limit) | ((value < 0) << sign_bit)


def from_magnitude(word: int, sign_bit: int) -> int:
    """Return the number that a sign-magnitude register holds."""
    size = word & ((1 << sign_bit) - 1)
    return -size if word >> sign_bit & 1 else size


class FeetechServo(VirtualServo):
    """One servo of the STS / SMS or SCS series.

    Args:
        name: of its joint.
        series: STS or SCS.
        model: mechanics, in raw encoder ticks (before the homing offset).
        faults, switches: shared by the whole bus.
        supply: nominal voltage [V].
    """

    def __init__(
        self,
        name: str,
        series: Series,
        model: ServoModel,
        faults: Faults,
        switches: Switches,
        supply: float = 7.4,
    ) -> None:
        super().__init__(name, model, faults, switches, supply)
        self.series = series
        self.registers = RegisterFile(series.table, EEPROM, series.byteorder)
        self.registered: tuple[int, bytes] | None = None
        self._overloaded = False

    @property
    def servo_id(self) -> int:
        """The id it answers to."""
        return self.registers.get('id')

    @property
    def baud(self) -> int:
        """The baud rate it listens at [bit/s]; a nonsense setting acts like the first one."""
        index = self.registers.get('baud')
        return BAUD_RATES[index] if index < len(BAUD_RATES) else BAUD_RATES[0]

    @property
    def position(self) -> int:
        """The present position as its register shows it [ticks]."""
        shown = round(self._shown(self.model.shaft))
        return shown % self.series.resolution if self._wraps else shown

    @property
    def homing_offset(self) -> int:
        """What the servo takes off the encoder's reading [ticks]."""
        if 'homing_offset' not in self.registers:
            return 0
        return from_magnitude(self.registers.get('homing_offset'), 11)

    @property
    def _wraps(self) -> bool:
        return not ('phase' in self.registers and self.registers.get('phase') & MULTI_TURN)

    def _shown(self, raw: float) -> float:
        shown = raw - self.homing_offset
        return shown % self.series.resolution if self._wraps else shown

    def place(self, position: int) -> None:
        """Turn the shaft by hand to where the register shows `position` [ticks]."""
        self.model.place(position + self.homing_offset)

    def power_up(self) -> None:
        """Start with fresh RAM, limp or holding, as the switches say."""
        self.registers.power_cycle()
        self.registered = None
        self._overloaded = False
        self.model.goal = self.model.goal_speed = None
        if not self.switches.power_up_goal_zero:
            self.registers.put('goal_position', magnitude(self.position, 15))
        if self.switches.power_up_torque:
            self.registers.put('torque', 1)
            self.model.torque_on = True
            self.model.hold()
        self._limit_motion()

    def protect(self) -> None:
        """Release the shaft when hot; after an overload keep only the protective torque."""
        if self.model.strained_for >= self.switches.overload_time and not self._overloaded:
            self._overloaded = True
            self._limit_motion()
        if self.status & ~OVERLOAD & self.registers.get('unloading_condition'):
            self.registers.put('torque', 0)
            self.model.torque_on = False

    @property
    def status(self) -> int:
        """The fault bits, as in every status packet."""
        get = self.registers.get
        bits = OVERLOAD if self._overloaded else 0
        if self.model.temperature >= get('max_temperature'):
            bits |= TEMPERATURE
        if not get('min_voltage') <= round(10 * self.supply) <= get('max_voltage'):
            bits |= VOLTAGE
        return bits

    def refresh(self) -> None:
        """Bring the registers that show measurements up to date."""
        model, put = self.model, self.registers.put
        put('position', magnitude(self.position, 15))
        put('speed', magnitude(round(model.speed), 15))
        put('load', magnitude(round(1000 * model.load), 10))
        put('voltage', min(round(10 * self.supply), 255))
        put('temperature', min(round(model.temperature), 255))
        put('status', self.status)
        put('moving', int(model.moving))
        put('registered', int(self.registered is not None))
        if 'current' in self.registers:
            put('current', magnitude(round(model.load * STALL_CURRENT / CURRENT_UNIT), 15))

    def write(self, address: int, data: bytes, now: float) -> None:
        """Take a WRITE: change registers, then do what they ask for."""
        locked = self.registers.get('lock') == 1
        if locked and not self.switches.locked_is_volatile:
            cut = max(0, min(len(data), EEPROM.stop - address))
            address, data = address + cut, data[cut:]  # the EEPROM part does nothing
        if not data:
            return
        written = self.registers.write(address, data, keep=not locked)
        if 'torque' in written:
            self._switch_torque()
        if written & {'torque_limit', 'max_torque', 'acceleration', 'goal_speed', 'mode'}:
            self._limit_motion()
        if 'goal_position' in written:
            self.goals.append((now, from_magnitude(self.registers.get('goal_position'), 15)))
            if self.switches.goal_energises and not self.model.torque_on:
                self.registers.put('torque', 1)
                self.model.torque_on = True
        if written & {'goal_position', 'goal_speed', 'mode'} and self.model.torque_on:
            self._pursue()

    def factory_reset(self) -> None:
        """Forget all settings but the id."""
        self.registers.factory_reset(['id', 'model'])
        self._switch_torque()

    def _switch_torque(self) -> None:
        value = self.registers.get('torque')
        if value == RECENTRE:
            if 'homing_offset' in self.registers:
                offset = round(self.model.shaft) % self.series.resolution - 2048
                self.registers.store('homing_offset', magnitude(offset, 11))
            value = int(self.model.torque_on)
            self.registers.put('torque', value)
        was_on, self.model.torque_on = self.model.torque_on, value != 0
        self._overloaded = False
        self._limit_motion()
        if self.model.torque_on and not was_on:
            if not self.switches.torque_keeps_goal:
                self.registers.put('goal_position', magnitude(self.position, 15))
            self._pursue()

    def _limit_motion(self) -> None:
        get, model = self.registers.get, self.model
        speed = abs(from_magnitude(get('goal_speed'), 15))
        acceleration = 100 * get('acceleration')
        model.speed_limit = float(speed) if speed else model.body.max_speed
        model.acceleration_limit = acceleration or model.body.max_acceleration
        limit = get('torque_limit' if 'torque_limit' in self.registers else 'max_torque') / 1000
        if self._overloaded:
            limit = min(limit, get('protective_torque') / 100)
        model.torque_limit = min(limit, 1.0)

    def _pursue(self) -> None:
        """Set off for the goal that the registers hold."""
        get, model = self.registers.get, self.model
        mode = get('mode') if 'mode' in self.registers else 0
        if mode == WHEEL:
            model.goal, model.goal_speed = None, float(from_magnitude(get('goal_speed'), 15))
            return
        if mode != 0:  # PWM and step mode are not emulated: the shaft stays
            model.hold()
            return
        goal: float = from_magnitude(get('goal_position'), 15)
        low, high = get('min_angle'), get('max_angle')
        if (low, high) != (0, 0):
            goal = min(max(goal, low), high)
        # a single-turn servo never goes through the wrap: it takes the long way
        model.goal, model.goal_speed = model.gears + goal - self._shown(model.gears), None
        if get('goal_time') and not get('goal_speed'):
            model.speed_limit = max(1.0, abs(model.goal - model.gears) / (get('goal_time') / 1000))
