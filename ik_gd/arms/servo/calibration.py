"""What connects radians with a servo's ticks, as frozen values. No files, no bus.

calibration_file.py reads and writes these values as YAML.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ik_gd.core.errors import CalibrationError

ECHO_CHOICES = ('auto', 'on', 'off')
EXIT_CHOICES = ('torque_off', 'hold')
MAX_TRIM = 0.1  # [rad] play and sag; more than that is something broken
MAX_SERVO_ID = 252  # 253 and 254 are taken by Dynamixel and the broadcast


@dataclass(frozen=True)
class JointCalibration:
    """One joint and the servo that moves it.

    The joint position is q = sign * (tick - zero_tick) * 2 pi / ticks_per_rev [rad].

    Attributes:
        name: the joint's name in the URDF.
        id: the servo's bus address, 0 .. 252.
        model: the servo model's name in its family's register table, e.g. `sts3215`.
        sign: +1 where the ticks grow with the joint position, -1 where they fall.
        zero_tick: the tick at q = 0; need not be in the servo's range.
        ticks_per_rev: ticks in a full turn; 1228.8 where 1024 ticks are 300 degrees.
        tick_min: lowest tick that is ever commanded.
        tick_max: highest tick that is ever commanded.
        homing_offset: the offset the servo's EEPROM must hold [tick]; None: not checked.
        max_velocity: largest speed the driver asks for [rad/s].
        max_acceleration: how fast the asked speed may grow [rad/s2].
        trim_limit: most that goals are shifted to take out play and sag [rad]; 0: not at all.
        torque_limit: fraction of the servo's full torque, 0 .. 1; None leaves the servo's own.
        temp_warn: temperature that is reported as a warning [deg C].
        temp_stop: temperature at which the joint's torque is switched off [deg C].

    Raises:
        CalibrationError: a value is out of range, or two contradict each other.
    """

    name: str
    id: int
    model: str
    sign: int
    zero_tick: int
    ticks_per_rev: float
    tick_min: int
    tick_max: int
    homing_offset: int | None = None
    max_velocity: float = 1.0
    max_acceleration: float = 5.0
    trim_limit: float = 0.0
    torque_limit: float | None = None
    temp_warn: float = 55.0
    temp_stop: float = 65.0

    def __post_init__(self) -> None:
        checks = (
            (0 <= self.id <= MAX_SERVO_ID, f'id {self.id} is not in 0 .. {MAX_SERVO_ID}'),
            (self.sign in (-1, 1), f'sign {self.sign} is not 1 or -1'),
            (self.ticks_per_rev > 0, f'ticks_per_rev {self.ticks_per_rev} is not positive'),
            (
                self.tick_min < self.tick_max,
                f'tick_min {self.tick_min} is not below tick_max {self.tick_max}',
            ),
            (
                self.tick_max - self.tick_min < self.ticks_per_rev,
                f'tick_min {self.tick_min} .. tick_max {self.tick_max} is a full turn'
                f' ({self.ticks_per_rev:g} ticks) or more',
            ),
            (self.max_velocity > 0.0, f'max_velocity {self.max_velocity} is not positive'),
            (
                self.max_acceleration > 0.0,
                f'max_acceleration {self.max_acceleration} is not positive',
            ),
            (
                0.0 <= self.trim_limit <= MAX_TRIM,
                f'trim_limit {self.trim_limit} is not in 0 .. {MAX_TRIM}',
            ),
            (
                self.torque_limit is None or 0.0 < self.torque_limit <= 1.0,
                f'torque_limit {self.torque_limit} is not in 0 .. 1',
            ),
            (
                self.temp_warn <= self.temp_stop,
                f'temp_warn {self.temp_warn} is above temp_stop {self.temp_stop}',
            ),
        )
        for fine, complaint in checks:
            if not fine:
                raise CalibrationError(f'joint {self.name}: {complaint}')

    @property
    def radians_per_tick(self) -> float:
        """Joint movement of one tick, with its sign [rad]."""
        return self.sign * 2.0 * math.pi / self.ticks_per_rev

    @property
    def lower(self) -> float:
        """Lowest joint position [rad]."""
        return min(self.to_radians(self.tick_min), self.to_radians(self.tick_max))

    @property
    def upper(self) -> float:
        """Highest joint position [rad]."""
        return max(self.to_radians(self.tick_min), self.to_radians(self.tick_max))

    def to_radians(self, tick: float) -> float:
        """Return the joint position [rad] at `tick`."""
        return (tick - self.zero_tick) * self.radians_per_tick + 0.0  # never -0.0

    def to_tick(self, position: float) -> int:
        """Return the tick nearest to `position` [rad], within tick_min .. tick_max.

        Args:
            position: finite; what is beyond the range gives the nearest end.
        """
        tick = round(self.zero_tick + position / self.radians_per_tick)
        return min(max(tick, self.tick_min), self.tick_max)

    def unwrap(self, tick: int) -> int:
        """Return the tick, whole turns away from `tick`, nearest to the middle of the range.

        A servo counts modulo a turn: a joint just below tick 0 reads as almost a full turn.
        """
        middle = (self.tick_min + self.tick_max) / 2.0
        turns = round((tick - middle) / self.ticks_per_rev)
        return tick - round(turns * self.ticks_per_rev)


@dataclass(frozen=True)
class BusSettings:
    """How to talk to the servos of one arm.

    Attributes:
        driver: the servo family, a key of ik_gd.arms.servo.families.FAMILIES.
        port: the serial device; a /dev/serial/by-id path survives replugging. For a PCA9685 board
            its I2C address, such as '0x40'.
        baud: bits per second.
        rate: control cycles a second [Hz].
        timeout: how long to wait for an answer beyond its time on the wire [s].
        retries: how often a servo is asked again within a cycle, if there is time left.
        error_timeout: a servo silent for longer makes the arm hold [s].
        command_timeout: without a command for longer the arm stops where it is [s]; 0: never.
        soft_start: how long after enabling the speed limits take to open [s].
        echo: `on` where the adapter returns what is sent, `off`, or `auto` to find out.
        on_exit: `torque_off`, or `hold` to leave the servos holding their last goal.

    Raises:
        CalibrationError: a value is out of range.
    """

    driver: str
    port: str
    baud: int = 1_000_000
    rate: float = 100.0
    timeout: float = 0.02
    retries: int = 2
    error_timeout: float = 0.5
    command_timeout: float = 0.5
    soft_start: float = 1.0
    echo: str = 'auto'
    on_exit: str = 'torque_off'

    def __post_init__(self) -> None:
        checks = (
            (self.baud > 0, f'baud {self.baud} is not positive'),
            (0.0 < self.rate <= 1000.0, f'rate_hz {self.rate} is not in 0 .. 1000'),
            (0.0 < self.timeout <= 1.0, f'timeout_ms {self.timeout * 1e3} is not in 0 .. 1000'),
            (0 <= self.retries <= 10, f'retries {self.retries} is not in 0 .. 10'),
            (self.error_timeout > 0.0, 'error_timeout_ms is not positive'),
            (self.command_timeout >= 0.0, 'command_timeout_ms is negative'),
            (self.soft_start >= 0.0, 'soft_start_ms is negative'),
            (self.echo in ECHO_CHOICES, f'echo {self.echo!r} is not {_choices(ECHO_CHOICES)}'),
            (
                self.on_exit in EXIT_CHOICES,
                f'on_exit {self.on_exit!r} is not {_choices(EXIT_CHOICES)}',
            ),
        )
        for fine, complaint in checks:
            if not fine:
                raise CalibrationError(f'bus: {complaint}')


@dataclass(frozen=True)
class Calibration:
    """One arm: its bus and its n joints, in the order of every array.

    Raises:
        CalibrationError: no joints, or two with the same name or id.
    """

    bus: BusSettings
    joints: tuple[JointCalibration, ...]

    def __post_init__(self) -> None:
        if not self.joints:
            raise CalibrationError('joints: there are none')
        names = [joint.name for joint in self.joints]
        ids = [f'id {joint.id}' for joint in self.joints]
        for words in (names, ids):
            doubles = [word for word in words if words.count(word) > 1]
            if doubles:
                raise CalibrationError(f'joints: {doubles[0]} is given more than once')

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The n joints' names."""
        return tuple(joint.name for joint in self.joints)

    def joint(self, name: str) -> JointCalibration:
        """Return the joint called `name`; CalibrationError if there is none."""
        for joint in self.joints:
            if joint.name == name:
                return joint
        raise CalibrationError(
            f'there is no joint {name!r}; there are {", ".join(self.joint_names)}'
        )


def _choices(words: tuple[str, ...]) -> str:
    return ' or '.join(words)
