"""A million byte strings through each codec's search for replies.

A false reply is one whose bytes are not, whole and in a row, in what was received: or one from a
servo that was not asked, or with as many bytes as were not asked for. Of a packet with one wrong
byte nothing may come through at all.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from ik_gd.arms.servo.codecs import dynamixel2, feetech, lx16a
from ik_gd.arms.servo.codecs.reply import Reply

SERVOS = (1, 2, 3)
LENGTH = 4
STRINGS = 1_000_000  # through each search; a multiple of 4


def sum_status(servo: int, error: int, data: bytes) -> bytes:
    """A Feetech status packet, written down independently of the codec."""
    body = [servo, len(data) + 2, error, *data]
    return bytes([0xFF, 0xFF, *body, 255 - sum(body) % 256])


def lx_status(servo: int, error: int, data: bytes) -> bytes:
    del error
    body = [servo, len(data) + 3, 28, *data]
    return bytes([0x55, 0x55, *body, 255 - sum(body) % 256])


def slow_crc(data: bytes) -> int:
    """CRC-16 by long division of polynomials, as its definition has it."""
    number = int.from_bytes(data, 'big') << 16
    for bit in range(number.bit_length() - 1, 15, -1):
        if number >> bit & 1:
            number ^= 0x18005 << (bit - 16)
    return number


def dynamixel_status(servo: int, error: int, data: bytes) -> bytes:
    body = bytes([0x55, error]) + data
    body = body.replace(b'\xff\xff\xfd', b'\xff\xff\xfd\xfd')
    length = len(body) + 2
    head = bytes([0xFF, 0xFF, 0xFD, 0, servo, length % 256, length // 256]) + body
    crc = slow_crc(head)
    return head + bytes([crc % 256, crc // 256])


def fast_status(servo: int, error: int, data: bytes) -> bytes:
    """The common reply to a fast sync read of one servo."""
    head = bytes([0xFF, 0xFF, 0xFD, 0, 0xFE, len(data) + 5, 0, 0x55, error, servo]) + data
    crc = slow_crc(head)
    return head + bytes([crc % 256, crc // 256])


def find_fast(received: bytes) -> dict[int, Reply]:
    found: dict[int, Reply] = {}
    for servo in SERVOS:
        found.update(dynamixel2.find_fast_replies(received, [servo], LENGTH))
    return found


def find_lx(received: bytes) -> dict[int, Reply]:
    found = {servo: lx16a.find_reply(received, servo, 28, LENGTH) for servo in SERVOS}
    return {servo: reply for servo, reply in found.items() if reply is not None}


PROTOCOLS = {
    'feetech': (
        lambda received: feetech.find_replies(received, SERVOS, LENGTH),
        sum_status,
        bytes([0xFF, 0xFF, 1, 2, 3, LENGTH + 2, 0, 0x80]),
    ),
    'dynamixel': (
        lambda received: dynamixel2.find_replies(received, SERVOS, LENGTH),
        dynamixel_status,
        bytes([0xFF, 0xFF, 0xFD, 0x00, 1, 2, LENGTH + 4, 0x55]),
    ),
    'dynamixel fast': (
        find_fast,
        fast_status,
        bytes([0xFF, 0xFF, 0xFD, 0x00, 0xFE, LENGTH + 5, 0x55, 1]),
    ),
    'lx16a': (find_lx, lx_status, bytes([0x55, 0x55, 1, 2, 3, LENGTH + 3, 28, 0xFF])),
}


def byte_strings(rng: random.Random, status: Callable, alphabet: bytes) -> Iterator[bytes]:
    """Noise, noise made of a protocol's own bytes, and packets cut, joined and spoilt."""
    own = bytes(alphabet[i % len(alphabet)] for i in range(256))  # any byte -> one of its own
    packets = [status(servo, 0, rng.randbytes(LENGTH)) for servo in SERVOS for _ in range(20)]
    for _ in range(STRINGS // 4):
        yield rng.randbytes(rng.randrange(40))
        yield rng.randbytes(40).translate(own)
        first, second = rng.choice(packets), rng.choice(packets)
        yield first[rng.randrange(len(first)) :] + second[: rng.randrange(len(second))]
        spoilt = bytearray(rng.randbytes(3) + first + second)
        spoilt[rng.randrange(len(spoilt))] ^= rng.randrange(1, 256)
        yield bytes(spoilt)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_million_byte_strings_never_raise_nor_yield_a_false_reply(protocol):
    find, status, alphabet = PROTOCOLS[protocol]
    found_any = 0
    for received in byte_strings(random.Random(5), status, alphabet):
        for servo, reply in find(received).items():
            found_any += 1
            assert servo in SERVOS
            assert len(reply.data) == LENGTH
            assert status(servo, reply.error, reply.data) in received, received.hex(' ')
    assert found_any > STRINGS // 10  # the search is not blind


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_a_packet_with_any_one_byte_changed_is_dropped(protocol):
    find, status, _ = PROTOCOLS[protocol]
    whole = status(2, 0, bytes([0xFF, 0x10, 0x55, 0xFE]))
    assert list(find(whole)) == [2]
    for index in range(len(whole)):
        for change in range(1, 256):
            spoilt = bytearray(whole)
            spoilt[index] ^= change
            # The error byte of Feetech and the parameters are all under the checksum.
            assert find(bytes(spoilt)) == {}, (index, change)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_two_different_answers_of_one_servo_are_both_dropped(protocol):
    find, status, _ = PROTOCOLS[protocol]
    two = status(1, 0, b'abcd') + status(1, 0, b'abce') + status(2, 0, b'efgh')
    assert find(two) == {2: Reply(0, b'efgh')}


def test_a_fast_reply_with_any_one_byte_changed_is_dropped():
    head = bytes([0xFF, 0xFF, 0xFD, 0, 0xFE, 27, 0, 0x55])
    first = head + bytes([0, 1]) + b'abcd'
    first += slow_crc(first).to_bytes(2, 'little')
    whole = first + bytes([0x80, 2]) + b'efgh'
    whole += slow_crc(whole).to_bytes(2, 'little')
    whole = whole[:5] + (len(whole) - 7).to_bytes(2, 'little') + whole[7:]
    whole = whole[:-2] + slow_crc(whole[:-2]).to_bytes(2, 'little')
    expected = {1: Reply(0, b'abcd'), 2: Reply(0x80, b'efgh')}
    assert dynamixel2.find_fast_replies(b'noise' + whole, [1, 2], 4) == expected
    for index in range(len(whole)):
        for change in (1, 0x80, 0xFF):
            spoilt = bytearray(whole)
            spoilt[index] ^= change
            assert dynamixel2.find_fast_replies(bytes(spoilt), [1, 2], 4) == {}
    assert dynamixel2.find_fast_replies(whole, [2, 1], 4) == {}, 'not the order asked for'
