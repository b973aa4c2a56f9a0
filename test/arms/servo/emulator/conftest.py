"""A bench for virtual servos: time is what the test says it is."""

from __future__ import annotations

import pytest

from ik_gd.arms.servo.emulator.dynamixel_line import crc16
from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.virtual_arm import build_line, read_plan

BAUDS = {'lx16a': 115_200}
TICKS = {'lx16a': (500, 0, 1000), 'feetech_scs': (512, 100, 900)}


class Bench:
    """A line of servos without a port."""

    def __init__(self, driver, ids=(1, 2, 3), switches=None, joint=None, **options):
        zero, low, high = TICKS.get(driver, (2048, 1000, 3000))
        row = {'zero_tick': zero, 'tick_min': low, 'tick_max': high, **(joint or {})}
        self.baud = BAUDS.get(driver, 1_000_000)
        self.calibration = {
            'bus': {'driver': driver, 'baud': self.baud},
            'joints': {f'joint_{i}': {'id': i, **row} for i in ids},
        }
        self.faults, self.switches = Faults(), switches or Switches()
        self.now = 0.0
        self.line = build_line(read_plan(self.calibration), self.faults, self.switches, **options)

    def servo(self, servo_id):
        return next(servo for servo in self.line.servos if servo.servo_id == servo_id)

    def wait(self, seconds):
        """Let time pass, and every servo live through it."""
        self.now += seconds
        for servo in self.line.servos:
            servo.touch(self.now)

    def ask(self, packet):
        """Send bytes; return the bytes of each reply."""
        self.now += 0.01
        return [reply.data for reply in self.line.hear(packet, self.now, self.baud)]

    def supply(self, volts):
        for servo in self.line.servos:
            servo.set_supply(volts, self.now)


@pytest.fixture(scope='session')
def bench():
    return Bench


def _summed(header, body):
    return header + body + bytes([~sum(body) & 0xFF])


class Packets:
    """Requests as a host sends them."""

    @staticmethod
    def feetech(servo_id, instruction, *parameters):
        body = bytes([servo_id, len(parameters) + 2, instruction, *parameters])
        return _summed(b'\xff\xff', body)

    @staticmethod
    def lx16a(servo_id, command, *parameters):
        return _summed(b'\x55\x55', bytes([servo_id, len(parameters) + 3, command, *parameters]))

    @staticmethod
    def dynamixel(servo_id, instruction, *parameters):
        body = bytes([instruction, *parameters]).replace(b'\xff\xff\xfd', b'\xff\xff\xfd\xfd')
        packet = bytes([0xFF, 0xFF, 0xFD, 0, servo_id]) + (len(body) + 2).to_bytes(2, 'little')
        packet += body
        return packet + crc16(packet).to_bytes(2, 'little')


@pytest.fixture(scope='session')
def packets():
    return Packets


class Host:
    """Asks one bench for the same things in the words of any protocol."""

    def __init__(self, bench):
        self.bench = bench
        self.driver = bench.calibration['bus']['driver']
        self.order = 'big' if self.driver == 'feetech_scs' else 'little'

    def write(self, servo_id, address, data):
        if self.driver == 'dynamixel':
            place = address.to_bytes(2, 'little')
            return self.bench.ask(Packets.dynamixel(servo_id, 3, *place, *data))
        return self.bench.ask(Packets.feetech(servo_id, 3, address, *data))

    def read(self, servo_id, address, size):
        """Return the data of the reply, None without one."""
        if self.driver == 'dynamixel':
            words = address.to_bytes(2, 'little') + size.to_bytes(2, 'little')
            replies = self.bench.ask(Packets.dynamixel(servo_id, 2, *words))
            return replies[0][9:-2] if replies else None
        replies = self.bench.ask(Packets.feetech(servo_id, 2, address, size))
        return replies[0][5:-1] if replies else None

    def torque(self, servo_id, on=True):
        if self.driver == 'lx16a':
            return self.bench.ask(Packets.lx16a(servo_id, 31, int(on)))
        return self.write(servo_id, 64 if self.driver == 'dynamixel' else 40, bytes([on]))

    def goal(self, servo_id, tick):
        if self.driver == 'lx16a':
            words = tick.to_bytes(2, 'little') + bytes(2)
            return self.bench.ask(Packets.lx16a(servo_id, 1, *words))
        if self.driver == 'dynamixel':
            return self.write(servo_id, 116, tick.to_bytes(4, 'little', signed=True))
        return self.write(servo_id, 42, tick.to_bytes(2, self.order))

    def position(self, servo_id):
        """Return the present position [ticks], None if nobody answers."""
        if self.driver == 'lx16a':
            replies = self.bench.ask(Packets.lx16a(servo_id, 28))
            return int.from_bytes(replies[0][5:7], 'little', signed=True) if replies else None
        size, address = (4, 132) if self.driver == 'dynamixel' else (2, 56)
        data = self.read(servo_id, address, size)
        return data and int.from_bytes(data, self.order, signed=size == 4)


@pytest.fixture(scope='session')
def host():
    return Host
