"""LX-16A packets: 55 55 ID LEN COMMAND PARAMETERS ~SUM, and what each command does.

Source: LewanSoul, "Bus Servo Communication Protocol".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ik_gd.arms.servo.emulator.lx16a_device import Lx16aServo
from ik_gd.arms.servo.emulator.virtual_servo import Line, Reply, collide

BROADCAST = 254
PROCESSING = 200e-6  # [s] before a reply
MOVE, PREPARE, START, STOP = 1, 7, 11, 12
MOTOR_MODE = 29


@dataclass(frozen=True)
class Lx16aRequest:
    """One packet from the host."""

    servo_id: int
    command: int
    parameters: bytes


def _u16(*values: int) -> bytes:
    return b''.join((value & 0xFFFF).to_bytes(2, 'little') for value in values)


def _mode(servo: Lx16aServo) -> bytes:
    speed = servo.motor_speed
    return bytes([speed is not None, 0]) + _u16(speed or 0)


# command: what a servo answers to it
READS: dict[int, Callable[[Lx16aServo], bytes]] = {
    2: lambda servo: _u16(*servo.last_move),
    8: lambda servo: _u16(*(servo.prepared or (0, 0))),
    14: lambda servo: bytes([servo.servo_id]),
    19: lambda servo: bytes([servo.offset & 0xFF]),
    21: lambda servo: _u16(servo.settings.low, servo.settings.high),
    23: lambda servo: _u16(servo.settings.min_millivolts, servo.settings.max_millivolts),
    25: lambda servo: bytes([servo.settings.max_temperature]),
    26: lambda servo: bytes([min(round(servo.model.temperature), 255)]),
    27: lambda servo: _u16(round(1000 * servo.supply)),
    28: lambda servo: _u16(servo.position),
    30: _mode,
    32: lambda servo: bytes([servo.pulling]),
    34: lambda servo: bytes([servo.settings.led_off]),
    36: lambda servo: bytes([servo.settings.fault_mask]),
}

# command: (number of parameters, what it sets)
WRITES: dict[int, tuple[int, Callable[[Lx16aServo, bytes], None]]] = {
    STOP: (0, lambda servo, _: servo.stop()),
    13: (1, lambda servo, data: servo.remember(servo_id=data[0])),
    17: (1, lambda servo, data: setattr(servo, 'offset', _int8(data[0]))),
    18: (0, lambda servo, _: servo.remember(offset=servo.offset)),
    20: (4, lambda servo, data: servo.remember(low=_word(data), high=_word(data[2:]))),
    22: (
        4,
        lambda servo, data: servo.remember(
            min_millivolts=_word(data), max_millivolts=_word(data[2:])
        ),
    ),
    24: (1, lambda servo, data: servo.remember(max_temperature=data[0])),
    MOTOR_MODE: (4, lambda servo, data: servo.turn(_int16(data[2:]) if data[0] else None)),
    31: (1, lambda servo, data: servo.load(data[0] != 0)),
    33: (1, lambda servo, data: servo.remember(led_off=data[0])),
    35: (1, lambda servo, data: servo.remember(fault_mask=data[0])),
}


class Lx16aLine(Line[Lx16aServo, Lx16aRequest]):
    """The servos of one LX-16A bus."""

    def __init__(self, servos: Sequence[Lx16aServo]) -> None:
        super().__init__(servos)

    def requests(self) -> Iterator[Lx16aRequest]:
        """Take the whole packets out of the buffer, and skip what is none."""
        buffer = self._buffer
        while (start := buffer.find(b'\x55\x55')) >= 0:
            del buffer[:start]
            if len(buffer) < 4:
                return
            end = buffer[3] + 3
            if not 3 <= buffer[3] <= 7:
                del buffer[0]
                continue
            if len(buffer) < end:
                return
            packet = bytes(buffer[:end])
            if packet[-1] != checksum(packet[2:-1]):
                del buffer[0]
                continue
            del buffer[:end]
            yield Lx16aRequest(packet[2], packet[4], packet[5:-1])

    def obey(self, request: Lx16aRequest, now: float) -> list[Reply]:
        """Carry out one request; only reads are answered."""
        everyone = request.servo_id == BROADCAST
        servos = self.listeners(None if everyone else request.servo_id)
        answers = [_obey_one(servo, request, now) for servo in servos]
        return collide([answer for answer in answers if answer is not None])


def _obey_one(servo: Lx16aServo, request: Lx16aRequest, now: float) -> Reply | None:
    command, data = request.command, request.parameters
    if command in READS and not data:
        body = READS[command](servo)
        return Reply(PROCESSING, packet(servo.servo_id, command, body))
    if command == MOVE and len(data) == 4:
        servo.move(_word(data), _word(data[2:]), now)
    elif command == PREPARE and len(data) == 4:
        servo.prepared = (_word(data), _word(data[2:]))
    elif command == START and servo.prepared is not None:
        servo.move(*servo.prepared, now)
        servo.prepared = None
    elif command in WRITES and len(data) == WRITES[command][0]:
        WRITES[command][1](servo, data)
    return None


def checksum(body: bytes) -> int:
    """Return the last byte of a packet; `body` runs from the id on."""
    return ~sum(body) & 0xFF


def packet(servo_id: int, command: int, parameters: bytes = b'') -> bytes:
    """Return a servo's answer."""
    body = bytes([servo_id, len(parameters) + 3, command]) + parameters
    return b'\x55\x55' + body + bytes([checksum(body)])


def _word(data: bytes) -> int:
    return int.from_bytes(data[:2], 'little')


def _int16(data: bytes) -> int:
    return int.from_bytes(data[:2], 'little', signed=True)


def _int8(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
