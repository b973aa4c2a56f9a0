"""A virtual LewanSoul / Hiwonder LX-16A: what it remembers and how it moves."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.servo_model import ServoModel
from ik_gd.arms.servo.emulator.virtual_servo import VirtualServo
from ik_gd.core.errors import ArmError

BAUD = 115_200
TICKS_PER_REV = 1500  # 1000 ticks are 240 degrees
COOLED = 5.0  # [K] below the limit, from where an overheated servo pulls again by itself
SPEED_SCALE = 1.5625  # [ticks/s] for one unit of motor speed; 1000 is the fastest


@dataclass(frozen=True)
class Settings:
    """What survives power-off."""

    servo_id: int = 1
    offset: int = 0
    low: int = 0
    high: int = 1000
    min_millivolts: int = 4500
    max_millivolts: int = 12000
    max_temperature: int = 85
    led_off: int = 0
    fault_mask: int = 7


class Lx16aServo(VirtualServo):
    """One LX-16A.

    Args:
        name: of its joint.
        settings: its memory.
        model: mechanics, in ticks before the offset.
        faults, switches: shared by the whole bus.
        supply: nominal voltage [V].

    Attributes:
        offset: in use; `settings.offset` is the saved one.
        loaded: whether the host wants torque.
        last_move, prepared: (goal [ticks], time [ms]) of the newest moves, at once and held back.
        motor_speed: None in servo mode.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        model: ServoModel,
        faults: Faults,
        switches: Switches,
        supply: float = 7.4,
    ) -> None:
        super().__init__(name, model, faults, switches, supply)
        self.settings = settings
        self.offset = settings.offset
        self.loaded = False
        self.last_move = (0, 0)
        self.prepared: tuple[int, int] | None = None
        self.motor_speed: int | None = None
        self._too_hot = False
        self._jammed = False

    @property
    def servo_id(self) -> int:
        """The id it answers to."""
        return self.settings.servo_id

    @property
    def baud(self) -> int:
        """The only baud rate it has [bit/s]."""
        return BAUD

    @property
    def position(self) -> int:
        """The present position as it reports it [ticks]; may be negative."""
        return round(self.model.shaft) + self.offset

    def place(self, position: int) -> None:
        """Turn the shaft by hand to where it reports `position` [ticks]."""
        self.model.place(position - self.offset)

    def power_up(self) -> None:
        """Start with fresh RAM, limp or holding, as the switches say."""
        self.offset = self.settings.offset
        self.last_move, self.prepared, self.motor_speed = (0, 0), None, None
        self._too_hot = self._jammed = False
        self.model.goal = self.model.goal_speed = None
        self.loaded = self.switches.power_up_torque
        if not self.switches.power_up_goal_zero:
            self.last_move = (self.position, 0)
        if self.loaded:
            self.model.hold()
        self._engage()

    def protect(self) -> None:
        """Let go while hot, and after a jam until the host asks again."""
        limit = self.settings.max_temperature
        if self.model.temperature >= limit:
            self._too_hot = True
        elif self.model.temperature < limit - COOLED:
            self._too_hot = False  # and pull again, to the old goal, unasked
        if self.model.strained_for >= self.switches.overload_time:
            self._jammed = True
        self._engage()

    @property
    def pulling(self) -> bool:
        """Whether it has torque, as the load register tells."""
        return self.model.torque_on

    def load(self, on: bool) -> None:
        """Switch torque; on, it goes where the last move said or stays, as the switches say."""
        was_pulling = self.pulling
        self.loaded, self._jammed = on, False
        self._engage()
        if self.pulling and not was_pulling:
            if self.switches.torque_keeps_goal:
                self._pursue(*self.last_move)
            else:
                self.model.hold()

    def move(self, goal: int, milliseconds: int, now: float) -> None:
        """Go to `goal` [ticks] in the given time."""
        self.goals.append((now, goal))
        self.last_move = (goal, milliseconds)
        if self.switches.goal_energises:
            self.loaded, self._jammed = True, False
            self._engage()
        self.motor_speed = None
        self._pursue(goal, milliseconds)

    def stop(self) -> None:
        """Stay where it is."""
        self.model.hold()

    def turn(self, speed: int | None) -> None:
        """Turn without end at `speed` (-1000..1000), or go back to servo mode with None."""
        self.motor_speed = speed
        self.model.speed_limit = self.model.body.max_speed
        if speed is None:
            self.model.hold()
        else:
            self.model.goal, self.model.goal_speed = None, speed * SPEED_SCALE

    def remember(self, **changes: int) -> None:
        """Change settings for good."""
        self.settings = replace(self.settings, **changes)

    def set_up(self, name: str, value: int) -> None:
        """Change the setting called `name`, for good and at once."""
        if not hasattr(self.settings, name):
            raise ArmError(f'servo {self.name}: it has no setting {name!r}')
        self.remember(**{name: value})
        self.offset = self.settings.offset

    def _engage(self) -> None:
        self.model.torque_on = (
            self.powered and self.loaded and not self._too_hot and not self._jammed
        )

    def _pursue(self, goal: int, milliseconds: int) -> None:
        model, settings = self.model, self.settings
        goal = min(max(goal, settings.low), settings.high)
        model.goal, model.goal_speed = float(goal - self.offset), None
        way = abs(model.goal - model.gears)
        fastest = model.body.max_speed
        model.speed_limit = min(fastest, 1000 * way / milliseconds) if milliseconds else fastest
