"""What an arm needs from its servos, whatever their family, in ticks and SI units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Union

from ik_gd.arms.servo.bus import Miss, ServoBus
from ik_gd.arms.servo.calibration import JointCalibration


class Reading(NamedTuple):
    """What one servo says of itself in one cycle; NaN for what it does not tell.

    Attributes:
        tick: present position.
        speed: [ticks/s].
        load: signed fraction of the most the servo can give.
        voltage: [V].
        temperature: [deg C].
        stop_faults: names of faults for which torque must go; empty if all is well.
        warnings: names of lesser faults.
    """

    tick: int
    speed: float
    load: float
    voltage: float
    temperature: float
    stop_faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Control(NamedTuple):
    """What a servo has been told.

    Attributes:
        torque: whether it is on.
        goal: position [tick], None if the servo does not tell.
    """

    torque: bool
    goal: int | None


@dataclass(frozen=True)
class Setting:
    """One thing that the servo's EEPROM and the calibration file must agree on.

    Attributes:
        name: as in the file, or the register's.
        found: what the servo has.
        wanted: what the file, or position control, asks for.
        fine: whether they agree.
    """

    name: str
    found: str
    wanted: str
    fine: bool

    def __str__(self) -> str:
        return f'{self.name} is {self.found}, not {self.wanted}'


ReadingResult = Union[Reading, Miss]  # noqa: UP007 (an alias evaluated by Python 3.10 too)
ControlResult = Union[Control, Miss]  # noqa: UP007


class Servos(Protocol):
    """The servos of one family on one bus. All methods raise PortLost when the line is gone.

    Attributes:
        bus: the servos, by address.
        has_common_read: whether read_status asks all with one packet.
    """

    bus: ServoBus
    has_common_read: bool

    def read_status(self, servos: Sequence[int]) -> dict[int, ReadingResult]:
        """Return a reading, or why there is none, for every id."""
        ...

    def read_slowly(self, servo: int) -> None:
        """Fetch what is too slow for every cycle; the next readings hold it."""
        ...

    def read_control(self, servos: Sequence[int]) -> dict[int, ControlResult]:
        """Return what the servos have been told, or why that is not known."""
        ...

    def compare(self, joint: JointCalibration) -> tuple[Setting, ...] | Miss:
        """Return the servo's settings next to what `joint` asks for; changes nothing."""
        ...

    def write_limits(self, joints: Sequence[JointCalibration]) -> None:
        """Set speed and torque limits that the servos forget at power-off."""
        ...

    def write_goals(self, goals: Mapping[int, int]) -> None:
        """Set goal positions [tick]."""
        ...

    def write_torque(self, servos: Sequence[int], on: bool) -> None:
        """Switch torque on or off; nobody confirms it, read_control does."""
        ...

    def write_watchdog(self, servos: Sequence[int], seconds: float) -> None:
        """Have the servos stop by themselves when nobody talks to them, where they can; 0: not."""
        ...

    def clear_faults(self, servo: int) -> bool:
        """Do what the family needs to leave a fault behind; torque is off afterwards.

        Returns:
            Whether the servo restarts to that end, and is silent for a moment.
        """
        ...
