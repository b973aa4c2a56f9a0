"""Dynamixel Protocol 2.0 packets: header, stuffing, CRC, and who answers what.

Source: ROBOTIS e-Manual, "DYNAMIXEL Protocol 2.0".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ik_gd.arms.servo.emulator.dynamixel_device import ACCESS, DynamixelServo
from ik_gd.arms.servo.emulator.dynamixel_registers import END
from ik_gd.arms.servo.emulator.virtual_servo import Line, Reply, collide

HEADER = b'\xff\xff\xfd\x00'
BROADCAST = 0xFE
PING, READ, WRITE, REG_WRITE, ACTION, RESET, REBOOT, CLEAR = 1, 2, 3, 4, 5, 6, 8, 0x10
SYNC_READ, SYNC_WRITE, FAST_SYNC_READ, BULK_READ, BULK_WRITE = 0x82, 0x83, 0x8A, 0x92, 0x93
STATUS = 0x55
INSTRUCTION_ERROR, LENGTH_ERROR = 2, 5
CLEAR_TURNS = b'\x01\x44\x58\x4c\x22'
LONGEST = 1024  # a longer packet is noise


def crc16(data: bytes) -> int:
    """Return the CRC-16 of Protocol 2.0: polynomial 0x8005, start 0, not reflected."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) ^ _CRC_TABLE[(crc >> 8) ^ byte]) & 0xFFFF
    return crc


def _crc_row(byte: int) -> int:
    crc = byte << 8
    for _ in range(8):
        crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
    return crc & 0xFFFF


_CRC_TABLE = tuple(_crc_row(byte) for byte in range(256))


@dataclass(frozen=True)
class DynamixelRequest:
    """One packet from the host, unstuffed."""

    servo_id: int
    instruction: int
    parameters: bytes


def status_packet(servo_id: int, error: int, parameters: bytes = b'') -> bytes:
    """Return a servo's answer, stuffed."""
    body = (bytes([STATUS, error]) + parameters).replace(b'\xff\xff\xfd', b'\xff\xff\xfd\xfd')
    packet = HEADER + bytes([servo_id]) + (len(body) + 2).to_bytes(2, 'little') + body
    return packet + crc16(packet).to_bytes(2, 'little')


class DynamixelLine(Line[DynamixelServo, DynamixelRequest]):
    """The servos of one Dynamixel bus."""

    def __init__(self, servos: Sequence[DynamixelServo]) -> None:
        super().__init__(servos)

    def requests(self) -> Iterator[DynamixelRequest]:
        """Take the whole packets out of the buffer, and skip what is none."""
        buffer = self._buffer
        while (start := buffer.find(HEADER)) >= 0:
            del buffer[:start]
            if len(buffer) < 7:
                return
            length = int.from_bytes(buffer[5:7], 'little')
            end = length + 7
            if not 3 <= length <= LONGEST:
                del buffer[0]
                continue
            if len(buffer) < end:
                return
            packet = bytes(buffer[:end])
            if int.from_bytes(packet[-2:], 'little') != crc16(packet[:-2]):
                del buffer[0]
                continue
            del buffer[:end]
            body = packet[7:-2].replace(b'\xff\xff\xfd\xfd', b'\xff\xff\xfd')
            yield DynamixelRequest(packet[4], body[0], body[1:])

    def obey(self, request: DynamixelRequest, now: float) -> list[Reply]:
        """Carry out one request."""
        for servo in self.listeners():
            servo.heard(now)
        parameters = request.parameters
        if request.instruction in (SYNC_READ, FAST_SYNC_READ) and len(parameters) >= 4:
            address, size = _words(parameters[:4])
            wanted = [(servo_id, address, size) for servo_id in parameters[4:]]
            if request.instruction == FAST_SYNC_READ:
                return self._fast_read(wanted)
            return self._read_in_turn(wanted)
        if request.instruction == BULK_READ:
            rows = [parameters[i : i + 5] for i in range(0, len(parameters) - 4, 5)]
            return self._read_in_turn([(row[0], *_words(row[1:])) for row in rows])
        if request.instruction == SYNC_WRITE and len(parameters) >= 4:
            address, size = _words(parameters[:4])
            for start in range(4, len(parameters) - size, size + 1):
                data = parameters[start + 1 : start + 1 + size]
                self._write(parameters[start], address, data, now)
            return []
        if request.instruction == BULK_WRITE:
            self._bulk_write(parameters, now)
            return []
        return self._obey_each(request, now)

    def _obey_each(self, request: DynamixelRequest, now: float) -> list[Reply]:
        everyone = request.servo_id == BROADCAST
        servos = self.listeners(None if everyone else request.servo_id)
        if everyone and request.instruction == PING:  # each waits for its turn, by id
            servos.sort(key=lambda servo: servo.servo_id)
            return [self._ping(servo) for servo in servos]
        answers = [self._obey_one(servo, request, now) for servo in servos]
        return [] if everyone else collide([answer for answer in answers if answer is not None])

    def _obey_one(
        self, servo: DynamixelServo, request: DynamixelRequest, now: float
    ) -> Reply | None:
        instruction, parameters = request.instruction, request.parameters
        servo_id, error = servo.servo_id, 0  # a write may change the id; the old one answers
        if instruction == PING:
            return self._ping(servo)
        if instruction == READ:
            if len(parameters) != 4:
                return self._reply(servo, servo_id, LENGTH_ERROR, level=1)
            return self._data(servo, *_words(parameters))
        if instruction == WRITE and len(parameters) > 2:
            error = servo.write(_word(parameters), parameters[2:], now)
        elif instruction == REG_WRITE and len(parameters) > 2:
            error = servo.refusal(_word(parameters), parameters[2:])
            servo.registered = None if error else (_word(parameters), parameters[2:])
        elif instruction == ACTION:
            if servo.registered is not None:
                error = servo.write(*servo.registered, now)
                servo.registered = None
        elif instruction == REBOOT:
            servo.power_up()
        elif instruction == RESET and len(parameters) == 1:
            servo.factory_reset(parameters[0])
        elif instruction == CLEAR and parameters == CLEAR_TURNS:
            servo.clear_turns()
        else:
            error = INSTRUCTION_ERROR
        return self._reply(servo, servo_id, error, level=2)

    def _write(self, servo_id: int, address: int, data: bytes, now: float) -> None:
        for servo in self.listeners(servo_id):
            servo.write(address, data, now)

    def _bulk_write(self, parameters: bytes, now: float) -> None:
        while len(parameters) > 5:
            address, size = _words(parameters[1:5])
            if len(parameters) < 5 + size:
                return
            self._write(parameters[0], address, parameters[5 : 5 + size], now)
            parameters = parameters[5 + size :]

    def _read_in_turn(self, wanted: Sequence[tuple[int, int, int]]) -> list[Reply]:
        replies: list[Reply] = []
        for servo_id, address, size in wanted:
            servos = self.listeners(servo_id)
            if not servos and self.silent_after_dead:
                break
            answers = [self._data(servo, address, size) for servo in servos]
            replies += collide([answer for answer in answers if answer is not None])
        return replies

    def _fast_read(self, wanted: Sequence[tuple[int, int, int]]) -> list[Reply]:
        """One packet, of which each servo sends its part with a CRC of all before it."""
        if any(address + size > END for _, address, size in wanted):
            return []
        length = 1 + sum(size + 4 for _, _, size in wanted)
        sent = HEADER + bytes([BROADCAST]) + length.to_bytes(2, 'little') + bytes([STATUS])
        parts, delay = sent, None
        for servo_id, address, size in wanted:
            servos = self.listeners(servo_id)
            if not servos:
                break  # the others wait for its part: the packet ends here
            servo = servos[0]
            servo.refresh()
            delay = self._delay(servo) if delay is None else delay
            parts += bytes([servo.error, servo_id]) + servo.registers.read(address, size)
            parts += crc16(parts).to_bytes(2, 'little')
        return [] if delay is None else [Reply(delay, parts)]

    def _ping(self, servo: DynamixelServo) -> Reply:
        data = servo.registers.read(0, 2) + servo.registers.read(6, 1)
        return Reply(self._delay(servo), status_packet(servo.servo_id, servo.error, data))

    def _data(self, servo: DynamixelServo, address: int, size: int) -> Reply | None:
        if address + size > END:
            return self._reply(servo, servo.servo_id, ACCESS, level=1)
        servo.refresh()
        data = servo.registers.read(address, size)
        return self._reply(servo, servo.servo_id, 0, data, level=1)

    def _reply(
        self, servo: DynamixelServo, servo_id: int, error: int, data: bytes = b'', *, level: int
    ) -> Reply | None:
        if servo.registers.get('status_level') < level:
            return None
        return Reply(self._delay(servo), status_packet(servo_id, error | servo.error, data))

    @staticmethod
    def _delay(servo: DynamixelServo) -> float:
        return 2e-6 * servo.registers.get('return_delay')


def _word(data: bytes) -> int:
    return int.from_bytes(data[:2], 'little')


def _words(data: bytes) -> tuple[int, int]:
    return _word(data), _word(data[2:])
