"""The driver's bytes are those that vendors' SDKs and rustypot send for the same commands.

The judges are in requirements/servo-oracles.txt.
"""

from __future__ import annotations

import os
import pty
import struct
import threading

import pytest

from ik_gd.arms.servo.codecs import dynamixel2, feetech, lx16a

WANTED = ' of requirements/servo-oracles.txt is not installed'


class Recorder:
    """Takes the place of an SDK's port and keeps what is sent."""

    def __init__(self):
        self.sent = b''
        self.is_using = False
        self.baudrate = 1_000_000

    def writePort(self, packet):  # noqa: N802 (the SDKs' name)
        self.sent += bytes(packet)
        return len(packet)

    def write(self, data):
        self.sent += bytes(data)
        return len(data)

    def __getattr__(self, name):
        return lambda *arguments: 0  # clearPort, setPacketTimeout, flush ...


@pytest.fixture
def recorder():
    return Recorder()


def test_dynamixel_requests_are_those_of_the_sdk(recorder):
    sdk = pytest.importorskip('dynamixel_sdk', reason='dynamixel-sdk' + WANTED)
    handler = sdk.PacketHandler(2.0)
    ids = [1, 2, 3, 40]
    goals = {1: 2048, 2: 1, 3: 4095, 40: 700}
    rows = b''.join(bytes([i]) + struct.pack('<i', goal) for i, goal in goals.items())
    for send, ours in (
        (
            lambda: handler.syncReadTx(recorder, 126, 21, ids, 4, False),
            dynamixel2.sync_read(ids, 126, 21),
        ),
        (
            lambda: handler.syncReadTx(recorder, 126, 21, ids, 4, True),
            dynamixel2.fast_sync_read(ids, 126, 21),
        ),
        (
            lambda: handler.syncWriteTxOnly(recorder, 116, 4, list(rows), len(rows)),
            dynamixel2.sync_write(116, {i: struct.pack('<i', g) for i, g in goals.items()}),
        ),
        (lambda: handler.readTx(recorder, 7, 64, 56), dynamixel2.read(7, 64, 56)),
        (
            lambda: handler.writeTxOnly(recorder, 7, 64, 1, [1]),
            dynamixel2.write(7, 64, b'\x01'),
        ),
    ):
        recorder.sent, recorder.is_using = b'', False
        send()
        assert recorder.sent == ours


def test_feetech_requests_are_those_of_the_sdk(recorder):
    sdk = pytest.importorskip('scservo_sdk', reason='ftservo-python-sdk' + WANTED)
    handler = sdk.sms_sts(recorder)
    ids = [1, 2, 3, 40]
    goals = {1: 2048, 2: 1, 3: 4095, 40: 700}
    rows = b''.join(bytes([i]) + struct.pack('<H', goal) for i, goal in goals.items())
    for send, ours in (
        (lambda: handler.syncReadTx(56, 15, ids, 4), feetech.sync_read(ids, 56, 15)),
        (
            lambda: handler.syncWriteTxOnly(42, 2, list(rows), len(rows)),
            feetech.sync_write(42, {i: struct.pack('<H', g) for i, g in goals.items()}),
        ),
        (lambda: handler.readTx(7, 40, 10), feetech.read(7, 40, 10)),
        (lambda: handler.writeTxOnly(7, 40, 1, [1]), feetech.write(7, 40, b'\x01')),
    ):
        recorder.sent, recorder.is_using = b'', False
        send()
        assert recorder.sent == ours


def test_lx16a_commands_are_those_of_the_library(recorder):
    library = pytest.importorskip('lewansoul_lx16a', reason='lewansoul-lx16a' + WANTED)
    controller = library.ServoController(recorder)
    for send, ours in (
        (
            lambda: controller.move(3, 500, 1000),
            lx16a.packet(3, 1, struct.pack('<HH', 500, 1000)),
        ),
        (lambda: controller.motor_on(3), lx16a.packet(3, 31, b'\x01')),
        (lambda: controller.motor_off(3), lx16a.packet(3, 31, b'\x00')),
        (lambda: controller.set_servo_id(3, 4), lx16a.packet(3, 13, b'\x04')),
    ):
        recorder.sent = b''
        send()
        assert recorder.sent == ours


@pytest.fixture
def capture():
    """Return a function that runs a rustypot call on a port and returns what it sends."""
    master, slave = pty.openpty()
    path = os.ttyname(slave)

    def run(make, call, size):
        controller = make(path, 1_000_000, 0.05)
        sender = threading.Thread(target=call, args=(controller,))
        sender.start()
        sent = b''
        while len(sent) < size:
            sent += os.read(master, 4096)
        sender.join()
        return sent

    yield run
    os.close(master)
    os.close(slave)


def test_dynamixel_goals_are_those_of_rustypot_stuffing_included(capture):
    rustypot = pytest.importorskip('rustypot', reason='rustypot' + WANTED)
    goals = {1: 0x00FDFFFF, 2: -1, 3: -0x20001, 4: 2048}  # the first makes FF FF FD
    ours = dynamixel2.sync_write(116, {i: struct.pack('<i', g) for i, g in goals.items()})
    assert b'\xff\xff\xfd\xfd' in ours[4:]
    theirs = capture(
        rustypot.Xl330PyController,
        lambda c: c.sync_write_raw_goal_position(list(goals), list(goals.values())),
        len(ours),
    )
    assert theirs == ours


def test_feetech_goals_are_those_of_rustypot(capture):
    rustypot = pytest.importorskip('rustypot', reason='rustypot' + WANTED)
    goals = {1: 0, 2: 4095, 3: 2048}
    ours = feetech.sync_write(42, {i: struct.pack('<H', g) for i, g in goals.items()})
    theirs = capture(
        rustypot.Sts3215PyController,
        lambda c: c.sync_write_raw_goal_position(list(goals), list(goals.values())),
        len(ours),
    )
    assert theirs == ours


def test_scs_goals_are_those_of_rustypot_big_endian(capture):
    rustypot = pytest.importorskip('rustypot', reason='rustypot' + WANTED)
    goals = {1: 511, 2: 608, 3: 413}  # 0, 0.5 and -0.5 rad to it
    ours = feetech.sync_write(42, {i: struct.pack('>H', g) for i, g in goals.items()})
    theirs = capture(
        rustypot.Scs0009PyController,
        lambda c: c.sync_write_goal_position(list(goals), [0.0, 0.5, -0.5]),
        len(ours),
    )
    assert theirs == ours
