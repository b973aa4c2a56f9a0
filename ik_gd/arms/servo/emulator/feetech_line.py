"""Feetech's packets: FF FF ID LEN INSTRUCTION PARAMETERS ~SUM, and who answers what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ik_gd.arms.servo.emulator.feetech_device import FeetechServo
from ik_gd.arms.servo.emulator.virtual_servo import Line, Reply, collide

BROADCAST = 0xFE
PING, READ, WRITE, REG_WRITE, ACTION, RESET = 1, 2, 3, 4, 5, 6
SYNC_READ, SYNC_WRITE = 0x82, 0x83
LONGEST = 250  # more data than that does not fit a packet
PROCESSING = 20e-6  # [s] before the return delay that the servo is set to


@dataclass(frozen=True)
class FeetechRequest:
    """One packet from the host."""

    servo_id: int
    instruction: int
    parameters: bytes


def checksum(body: bytes) -> int:
    """Return the last byte of a packet; `body` runs from the id on."""
    return ~sum(body) & 0xFF


def status_packet(servo_id: int, error: int, parameters: bytes = b'') -> bytes:
    """Return a servo's answer."""
    body = bytes([servo_id, len(parameters) + 2, error]) + parameters
    return b'\xff\xff' + body + bytes([checksum(body)])


class FeetechLine(Line[FeetechServo, FeetechRequest]):
    """The servos of one Feetech bus."""

    def __init__(self, servos: Sequence[FeetechServo]) -> None:
        super().__init__(servos)

    def requests(self) -> Iterator[FeetechRequest]:
        """Take the whole packets out of the buffer, and skip what is none."""
        buffer = self._buffer
        while (start := buffer.find(b'\xff\xff')) >= 0:
            del buffer[:start]
            if len(buffer) < 4:
                return
            end = buffer[3] + 4
            if buffer[2] == 0xFF or buffer[3] < 2:
                del buffer[0]
                continue
            if len(buffer) < end:
                return
            packet = bytes(buffer[:end])
            if packet[-1] != checksum(packet[2:-1]):
                del buffer[0]
                continue
            del buffer[:end]
            yield FeetechRequest(packet[2], packet[4], packet[5:-1])

    def obey(self, request: FeetechRequest, now: float) -> list[Reply]:
        """Carry out one request."""
        if request.instruction == SYNC_READ:
            return self._sync_read(request.parameters)
        if request.instruction == SYNC_WRITE:
            return self._sync_write(request.parameters, now)
        everyone = request.servo_id == BROADCAST
        if everyone and request.instruction == PING:
            return self._ping_all()
        servos = self.listeners(None if everyone else request.servo_id)
        answers = [self._obey_one(servo, request, now) for servo in servos]
        return [] if everyone else collide([answer for answer in answers if answer is not None])

    def _ping_all(self) -> list[Reply]:
        """Each waits for its turn, by id; who shares an id talks at once."""
        servos = [servo for servo in self.listeners() if servo.series.group_reads]
        replies: list[Reply] = []
        for servo_id in sorted({servo.servo_id for servo in servos}):
            same = [servo for servo in servos if servo.servo_id == servo_id]
            replies += collide([self._reply(servo, servo_id) for servo in same])
        return replies

    def _obey_one(self, servo: FeetechServo, request: FeetechRequest, now: float) -> Reply | None:
        instruction, parameters = request.instruction, request.parameters
        servo_id = servo.servo_id  # a write may change it; the old one answers
        if instruction == PING:
            return self._reply(servo, servo_id)
        if instruction == READ and len(parameters) == 2 and parameters[1] <= LONGEST:
            return self._data(servo, parameters[0], parameters[1])
        if instruction == WRITE and parameters:
            servo.write(parameters[0], parameters[1:], now)
        elif instruction == REG_WRITE and parameters:
            servo.registered = (parameters[0], parameters[1:])
        elif instruction == ACTION:
            if servo.registered is not None:
                servo.write(*servo.registered, now)
                servo.registered = None
        elif instruction == RESET:
            servo.factory_reset()
        else:
            return None
        return self._reply(servo, servo_id) if servo.registers.get('response_level') else None

    def _sync_read(self, parameters: bytes) -> list[Reply]:
        if len(parameters) < 2 or parameters[1] > LONGEST:
            return []
        replies: list[Reply] = []
        address, size = parameters[:2]
        for servo_id in parameters[2:]:
            servos = [item for item in self.listeners(servo_id) if item.series.group_reads]
            if servos:
                replies += collide([self._data(servo, address, size) for servo in servos])
            elif self.silent_after_dead:
                break
        return replies

    def _sync_write(self, parameters: bytes, now: float) -> list[Reply]:
        if len(parameters) < 2:
            return []
        address, size = parameters[:2]
        for start in range(2, len(parameters) - size, size + 1):
            for servo in self.listeners(parameters[start]):
                servo.write(address, parameters[start + 1 : start + 1 + size], now)
        return []

    def _data(self, servo: FeetechServo, address: int, size: int) -> Reply:
        servo.refresh()
        return self._reply(servo, servo.servo_id, servo.registers.read(address, size))

    def _reply(self, servo: FeetechServo, servo_id: int, parameters: bytes = b'') -> Reply:
        delay = PROCESSING + 2e-6 * servo.registers.get('return_delay')
        return Reply(delay, status_packet(servo_id, servo.status, parameters))
