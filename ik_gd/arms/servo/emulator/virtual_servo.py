"""What virtual servos of all families share: mechanics, power, faults; and how a line hears."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.servo_model import ServoModel

RESET_VOLTS = 3.0  # below this supply a servo's processor stops
OVERHEATED = 90.0  # [degrees Celsius] above every family's limit
LINE_GAP = 0.005  # [s] a packet that pauses longer is given up
WATCH_PERIOD = 0.01  # [s] how often a servo looks at its protections, at least
BAUD_TOLERANCE = 0.03


@dataclass(frozen=True)
class Reply:
    """One status packet.

    Attributes:
        delay: between the byte before it on the wire and its own first byte [s].
        data: its bytes.
    """

    delay: float
    data: bytes


class VirtualServo(ABC):
    """One servo: mechanics and memory, seen by its family's protocol.

    Args:
        name: of its joint.
        model: its mechanics.
        faults, switches: shared by the whole bus.
        supply: nominal voltage [V].

    Attributes:
        goals: the newest goals that reached it, as (time [s], tick).
    """

    def __init__(
        self, name: str, model: ServoModel, faults: Faults, switches: Switches, supply: float
    ) -> None:
        self.name = name
        self.model = model
        self.faults = faults
        self.switches = switches
        self.nominal_supply = supply
        self.supply = supply
        self.powered = True
        self.goals: deque[tuple[float, int]] = deque(maxlen=100_000)

    @property
    @abstractmethod
    def servo_id(self) -> int:
        """The id it answers to."""

    @property
    @abstractmethod
    def baud(self) -> int:
        """The baud rate it listens at [bit/s]."""

    @property
    @abstractmethod
    def position(self) -> int:
        """The present position as its register shows it [ticks]."""

    @abstractmethod
    def place(self, position: int) -> None:
        """Turn the shaft by hand to where the register shows `position` [ticks]."""

    @abstractmethod
    def power_up(self) -> None:
        """Start with fresh RAM."""

    @abstractmethod
    def protect(self) -> None:
        """Do what the family does about heat, overload and voltage."""

    def hears(self, baud: float) -> bool:
        """Say whether bytes at `baud` reach it."""
        return (
            self.powered
            and self.servo_id not in self.faults.dead
            and abs(baud - self.baud) <= BAUD_TOLERANCE * self.baud
        )

    def touch(self, now: float) -> None:
        """Bring mechanics and protections up to `now` [s]."""
        self.model.blocked = self.servo_id in self.faults.overload
        while self.model.time + WATCH_PERIOD < now:
            self._live_until(self.model.time + WATCH_PERIOD)
        self._live_until(now)

    def _live_until(self, now: float) -> None:
        self.model.advance(now)
        if self.servo_id in self.faults.overheat:
            self.model.temperature = max(self.model.temperature, OVERHEATED)
        if self.powered:
            self.protect()

    def set_supply(self, volts: float, now: float) -> None:
        """Change the voltage at its connector; too little stops it, enough starts it afresh."""
        self.touch(now)
        self.supply = volts
        if self.powered and volts < RESET_VOLTS:
            self.powered = False
            self.model.torque_on = False
        elif not self.powered and volts >= RESET_VOLTS:
            self.powered = True
            self.power_up()
        self.touch(now)


Servo = TypeVar('Servo', bound=VirtualServo)
Request = TypeVar('Request')


class Line(ABC, Generic[Servo, Request]):
    """The servos of one bus behind one protocol: bytes in, replies out, in order.

    Args:
        servos: all that hang on the wire.
    """

    def __init__(self, servos: Sequence[Servo]) -> None:
        self.servos = list(servos)
        self._buffer = bytearray()
        self._heard_at = 0.0
        self._baud = 0.0

    def hear(self, data: bytes, now: float, baud: float) -> list[Reply]:
        """Take bytes whose last one arrives at `now` [s], and return what the servos answer."""
        if now - self._heard_at > LINE_GAP + 10 * len(data) / baud:
            self._buffer.clear()
        self._heard_at, self._baud = now, baud
        self._buffer += data
        for servo in self.servos:
            servo.touch(now)
        return [reply for request in self.requests() for reply in self.obey(request, now)]

    def listeners(self, servo_id: int | None = None) -> list[Servo]:
        """Return those that hear the host, all or those with one id."""
        return [
            servo
            for servo in self.servos
            if servo_id in (None, servo.servo_id) and servo.hears(self._baud)
        ]

    @property
    def silent_after_dead(self) -> bool:
        """Whether those after a missing servo keep silent in a sync read."""
        return bool(self.servos) and self.servos[0].switches.silent_after_dead

    @abstractmethod
    def requests(self) -> Iterator[Request]:
        """Take the whole packets out of the buffer, and skip what is none."""

    @abstractmethod
    def obey(self, request: Request, now: float) -> list[Reply]:
        """Carry out one request."""


def collide(replies: Sequence[Reply]) -> list[Reply]:
    """Return what the host sees when several servos answer at once: the wire ands their bits."""
    if len(replies) < 2:
        return list(replies)
    mixed = bytearray(b'\xff' * max(len(reply.data) for reply in replies))
    for reply in replies:
        for index, byte in enumerate(reply.data):
            mixed[index] &= byte
    return [Reply(min(reply.delay for reply in replies), bytes(mixed))]
