"""A virtual Dynamixel of the X series: what its registers mean, and what it refuses."""

from __future__ import annotations

from ik_gd.arms.servo.emulator.dynamixel_registers import (
    BAUD_RATES,
    EEPROM,
    END,
    RESOLUTION,
    X_SERIES,
)
from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.register_file import RegisterFile
from ik_gd.arms.servo.emulator.servo_model import ServoModel
from ik_gd.arms.servo.emulator.virtual_servo import VirtualServo

RESULT_FAIL, DATA_RANGE, DATA_LENGTH, DATA_LIMIT, ACCESS = 1, 4, 5, 6, 7
ALERT = 0x80
VOLTAGE, OVERHEAT, OVERLOAD = 1, 4, 32  # bits of the hardware error
VELOCITY, POSITION, EXTENDED, CURRENT_POSITION = 1, 3, 4, 5  # operating modes
REVERSE = 1  # drive mode
VELOCITY_UNIT = 0.229 / 60 * RESOLUTION  # [ticks/s]
ACCELERATION_UNIT = 214.577 / 3600 * RESOLUTION  # [ticks/s^2]
WATCHDOG_UNIT = 0.02  # [s]
WATCHDOG_TRIPPED = 0xFF
SINGLE_BYTE_RANGE = {
    'id': range(253),
    'baud': range(len(BAUD_RATES)),
    'drive_mode': range(2),  # time-based profiles are not emulated
    'torque': range(2),
    'status_level': range(3),
    'bus_watchdog': range(128),
}
GOALS = {'goal_position', 'goal_velocity', 'goal_current', 'goal_pwm'}


class DynamixelServo(VirtualServo):
    """One XL330 or XL430.

    Args:
        name: of its joint.
        stall_current: [mA] if register 126 shows current (XL330), None if it shows load (XL430).
        model: mechanics, in raw encoder ticks (before drive mode and homing offset).
        faults, switches: shared by the whole bus.
        supply: nominal voltage [V].
    """

    def __init__(
        self,
        name: str,
        stall_current: float | None,
        model: ServoModel,
        faults: Faults,
        switches: Switches,
        supply: float = 5.0,
    ) -> None:
        super().__init__(name, model, faults, switches, supply)
        self.registers = RegisterFile(X_SERIES, EEPROM)
        self.registered: tuple[int, bytes] | None = None
        self._stall_current = stall_current
        self._heard_at = model.time

    @property
    def servo_id(self) -> int:
        """The id it answers to."""
        return self.registers.get('id')

    @property
    def baud(self) -> int:
        """The baud rate it listens at [bit/s]."""
        return BAUD_RATES[self.registers.get('baud') % len(BAUD_RATES)]

    @property
    def position(self) -> int:
        """The present position as its register shows it [ticks]."""
        return round(self._shown(self.model.shaft))

    @property
    def _sign(self) -> int:
        return -1 if self.registers.get('drive_mode') & REVERSE else 1

    def _shown(self, raw: float) -> float:
        return self._sign * raw + self.registers.get_signed('homing_offset')

    def _raw(self, shown: float) -> float:
        return self._sign * (shown - self.registers.get_signed('homing_offset'))

    def place(self, position: int) -> None:
        """Turn the shaft by hand to where the register shows `position` [ticks]."""
        self.model.place(self._raw(position))

    @property
    def error(self) -> int:
        """What every status packet carries besides the result: the alert bit."""
        return ALERT if self.registers.get('hardware_error') else 0

    def power_up(self) -> None:
        """Start with fresh RAM; the number of whole turns is forgotten."""
        self.registers.power_cycle()
        self.registered = None
        self.model.forget_turns(RESOLUTION)
        self.model.torque_on = False
        self.model.goal = self.model.goal_speed = None
        if not self.switches.power_up_goal_zero:
            self.registers.put('goal_position', self.position)
        if self.switches.power_up_torque:
            self.registers.put('torque', 1)
            self.model.torque_on = True
            self.model.hold()
        self._limit_motion()

    def protect(self) -> None:
        """Latch hardware errors, shut down for those chosen, and watch the bus."""
        get = self.registers.get
        error = get('hardware_error')
        if self.model.temperature >= get('temperature_limit'):
            error |= OVERHEAT
        if self.model.strained_for >= self.switches.overload_time:
            error |= OVERLOAD
        if not get('min_voltage') <= round(10 * self.supply) <= get('max_voltage'):
            error |= VOLTAGE
        self.registers.put('hardware_error', error)
        if error & get('shutdown'):
            self.registers.put('torque', 0)
            self.model.torque_on = False
        watchdog = get('bus_watchdog')
        silence = self.model.time - self._heard_at
        if watchdog not in (0, WATCHDOG_TRIPPED) and silence > watchdog * WATCHDOG_UNIT:
            self.registers.put('bus_watchdog', WATCHDOG_TRIPPED)
            self.model.hold()

    def heard(self, now: float) -> None:
        """Take note that the host is alive."""
        self._heard_at = now

    def refresh(self) -> None:
        """Bring the registers that show measurements up to date."""
        model, put = self.model, self.registers.put
        full_load = 1000.0 if self._stall_current is None else self._stall_current
        speed = round(self._sign * model.speed / VELOCITY_UNIT)
        put('tick', int(1000 * model.time) % 32768)
        put('moving', int(abs(speed) > self.registers.get('moving_threshold')))
        put('pwm', round(self._sign * model.load * 885))
        put('current_or_load', round(self._sign * model.load * full_load))
        put('velocity', speed)
        put('position', self.position)
        put('velocity_trajectory', speed)
        put('position_trajectory', round(self._shown(model.gears)))
        put('voltage', round(10 * self.supply))
        put('temperature', min(round(model.temperature), 255))
        put('registered', int(self.registered is not None))

    def refusal(self, address: int, data: bytes) -> int:
        """Return the error that a write gets, 0 if it is fine."""
        get, names = self.registers.get, self.registers.names(address, len(data))
        if not data:
            return DATA_LENGTH
        if address + len(data) > END or not names:
            return ACCESS
        if not self.registers.writable(address, len(data)):
            return ACCESS
        if self.registers.in_eeprom(address, len(data)) and get('torque'):
            return ACCESS
        trial = self.registers.preview(address, data)
        for name, allowed in SINGLE_BYTE_RANGE.items():
            if name in names and trial.get(name) not in allowed:
                return DATA_RANGE
        modes = (VELOCITY, POSITION, EXTENDED, CURRENT_POSITION)  # the others are not emulated
        if 'operating_mode' in names and trial.get('operating_mode') not in modes:
            return DATA_RANGE
        if names & GOALS and get('bus_watchdog') == WATCHDOG_TRIPPED:
            return DATA_RANGE
        if 'torque' in names and trial.get('torque') and get('hardware_error') & get('shutdown'):
            return RESULT_FAIL
        if 'goal_position' in names and get('operating_mode') == POSITION:
            goal = trial.get_signed('goal_position')
            if not get('min_position') <= goal <= get('max_position'):
                return DATA_LIMIT
        return 0

    def write(self, address: int, data: bytes, now: float) -> int:
        """Take a WRITE unless it is refused; return the error, 0 if there is none."""
        error = self.refusal(address, data)
        if error:
            return error
        was_on = self.model.torque_on
        written = self.registers.write(address, data)
        if 'torque' in written:
            self.model.torque_on = bool(self.registers.get('torque'))
        self._limit_motion()
        if 'goal_position' in written:
            self.goals.append((now, self.registers.get_signed('goal_position')))
        if self.model.torque_on and not was_on:
            if not self.switches.torque_keeps_goal:
                self.registers.put('goal_position', self.position)
            self._pursue()
        elif self.model.torque_on and written & GOALS:
            self._pursue()
        return 0

    def clear_turns(self) -> None:
        """Bring the position back into one turn."""
        self.model.forget_turns(RESOLUTION)

    def factory_reset(self, option: int) -> None:
        """Forget all settings: 0xFF all, 0x01 all but the id, 0x02 all but id and baud."""
        spared = {0xFF: [], 0x01: ['id'], 0x02: ['id', 'baud']}.get(option, ['id', 'baud'])
        self.registers.factory_reset([*spared, 'model'])
        self.power_up()

    def _limit_motion(self) -> None:
        get, model = self.registers.get, self.model
        speed = get('profile_velocity') or get('velocity_limit')
        model.speed_limit = min(speed, get('velocity_limit')) * VELOCITY_UNIT
        acceleration = get('profile_acceleration') * ACCELERATION_UNIT
        model.acceleration_limit = acceleration or model.body.max_acceleration
        model.torque_limit = 1.0
        if get('operating_mode') == CURRENT_POSITION and self._stall_current is not None:
            current = abs(self.registers.get_signed('goal_current'))
            model.torque_limit = min(1.0, current / self._stall_current)

    def _pursue(self) -> None:
        """Set off for the goal that the registers hold."""
        if self.registers.get('operating_mode') == VELOCITY:
            speed = self._sign * self.registers.get_signed('goal_velocity') * VELOCITY_UNIT
            self.model.goal, self.model.goal_speed = None, speed
        else:
            goal = self._raw(self.registers.get_signed('goal_position'))
            self.model.goal, self.model.goal_speed = goal, None
