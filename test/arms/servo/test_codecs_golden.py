"""Bytes from vendors' manuals and SDK sources, and captures of what vendors' SDKs send."""

from __future__ import annotations

import struct

import pytest

from ik_gd.arms.servo.codecs import dynamixel2, feetech, lx16a
from ik_gd.arms.servo.codecs.reply import Reply


@pytest.mark.parametrize(
    ('packet', 'golden'),
    [
        (dynamixel2.ping(1), 'FF FF FD 00 01 03 00 01 19 4E'),
        (dynamixel2.read(1, 132, 4), 'FF FF FD 00 01 07 00 02 84 00 04 00 1D 15'),
        (
            dynamixel2.sync_read([1, 2], 132, 4),
            'FF FF FD 00 FE 09 00 82 84 00 04 00 01 02 CE FA',
        ),
        (dynamixel2.reboot(1), 'FF FF FD 00 01 03 00 08 2F 4E'),
        (feetech.ping(1), 'FF FF 01 02 01 FB'),
        (feetech.read(1, 56, 2), 'FF FF 01 04 02 38 02 BE'),
        (feetech.sync_read([1, 2], 56, 2), 'FF FF FE 06 82 38 02 01 02 3C'),
        (
            lx16a.packet(1, 1, struct.pack('<HH', 500, 1000)),
            '55 55 01 07 01 F4 01 E8 03 16',
        ),
        (lx16a.packet(1, 28), '55 55 01 03 1C DF'),
    ],
)
def test_requests_are_the_bytes_of_the_manuals(packet, golden):
    assert packet == bytes.fromhex(golden)


def test_feetech_reply_of_the_manual_is_read():
    received = bytes.fromhex('FF FF 01 04 00 01 08 F1')
    assert feetech.find_replies(received, [1], 2) == {1: Reply(0, b'\x01\x08')}


def test_dynamixel_ping_reply_of_the_manual_is_read():
    # emanual.robotis.com, Protocol 2.0, ping of id 1: model 1030, firmware 38
    received = bytes.fromhex('FF FF FD 00 01 07 00 55 00 06 04 26 65 5D')
    assert dynamixel2.find_replies(received, [1], 3) == {1: Reply(0, bytes.fromhex('06 04 26'))}


def test_negative_lx16a_position_of_the_manual_is_read():
    reply = lx16a.find_reply(bytes.fromhex('55 55 01 05 1C FB FF E3'), 1, 28, 2)
    assert reply is not None
    assert struct.unpack('<h', reply.data) == (-5,)


def test_feetech_echo_of_a_read_is_not_taken_for_an_answer():
    request = feetech.read(1, 56, 2)
    assert feetech.find_replies(request, [1], 2) == {1: Reply(2, b'\x38\x02')}, 'the trap itself'
    assert feetech.find_replies(request, [1], 2, request) == {}


def test_feetech_answer_behind_the_echo_of_its_request_is_found():
    request = feetech.read(1, 56, 2)
    received = request + bytes.fromhex('FF FF 01 04 00 01 08 F1')
    assert feetech.find_replies(received, [1], 2, request) == {1: Reply(0, b'\x01\x08')}


def test_dynamixel_reply_that_reports_a_failed_instruction_is_no_reading():
    for error in range(1, 8):
        received = dynamixel2.packet(1, dynamixel2.STATUS, bytes((error, 1, 2)))
        assert dynamixel2.find_replies(received, [1], 2) == {}


def test_dynamixel_alert_does_not_hide_the_reading():
    received = dynamixel2.packet(1, dynamixel2.STATUS, bytes((0x80, 1, 2)))
    assert dynamixel2.find_replies(received, [1], 2) == {1: Reply(0x80, b'\x01\x02')}
