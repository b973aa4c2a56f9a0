"""Robotis' Dynamixel Protocol 2.0.

A packet is FF FF FD 00 ID LENGTH(2) INSTRUCTION parameters CRC(2), with LENGTH = parameters + 3.
From the instruction on, an FD is stuffed in after each FF FF FD; LENGTH and CRC count it. A status
packet has instruction 55 and starts its parameters with an error byte.
Source: https://emanual.robotis.com/docs/en/dxl/protocol2/
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ik_gd.arms.servo.codecs.reply import Reply, keep_unambiguous

BROADCAST = 0xFE
PING, READ, WRITE, REBOOT, STATUS = 0x01, 0x02, 0x03, 0x08, 0x55
SYNC_READ, SYNC_WRITE, FAST_SYNC_READ = 0x82, 0x83, 0x8A
ALERT = 0x80  # error bit: the servo has a hardware error; the other bits tell of the packet

_HEADER = b'\xff\xff\xfd\x00'
_MARK, _STUFFED = b'\xff\xff\xfd', b'\xff\xff\xfd\xfd'
_OVERHEAD = 11  # header, id, length, instruction, error, CRC
_FAST_OVERHEAD = 8  # header, id, length, instruction


def _crc_table(polynomial: int = 0x8005) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ polynomial if crc & 0x8000 else crc << 1
        table.append(crc & 0xFFFF)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Return the CRC-16 of `data`: polynomial 8005, initial value 0, not reflected."""
    table, crc = _CRC_TABLE, 0
    for byte in data:
        crc = ((crc & 0xFF) << 8) ^ table[(crc >> 8) ^ byte]
    return crc


def packet(servo: int, instruction: int, parameters: bytes = b'') -> bytes:
    """Return an instruction packet, stuffed."""
    body = (bytes((instruction,)) + parameters).replace(_MARK, _STUFFED)
    head = _HEADER + bytes((servo,)) + (len(body) + 2).to_bytes(2, 'little') + body
    return head + crc16(head).to_bytes(2, 'little')


def ping(servo: int) -> bytes:
    """Ask for the model number (2 bytes) and the firmware version (1 byte)."""
    return packet(servo, PING)


def read(servo: int, address: int, length: int) -> bytes:
    """Ask for `length` bytes from `address` on."""
    return packet(servo, READ, _span(address, length))


def write(servo: int, address: int, data: bytes) -> bytes:
    """Write `data` at `address`; the servo answers, depending on its status return level."""
    return packet(servo, WRITE, address.to_bytes(2, 'little') + data)


def reboot(servo: int) -> bytes:
    """Restart the servo: the only way out of a hardware error, short of cutting its power."""
    return packet(servo, REBOOT)


def sync_read(servos: Sequence[int], address: int, length: int) -> bytes:
    """Ask several servos at once; each answers with a packet of its own, in order."""
    return packet(BROADCAST, SYNC_READ, _span(address, length) + bytes(servos))


def fast_sync_read(servos: Sequence[int], address: int, length: int) -> bytes:
    """Ask several servos at once; they build one status packet together, in order."""
    return packet(BROADCAST, FAST_SYNC_READ, _span(address, length) + bytes(servos))


def sync_write(address: int, data: Mapping[int, bytes]) -> bytes:
    """Write to several servos at once, the same number of bytes each; nobody answers."""
    length = len(next(iter(data.values())))
    rows = b''.join(bytes((servo,)) + row for servo, row in data.items())
    return packet(BROADCAST, SYNC_WRITE, _span(address, length) + rows)


def reply_size(length: int) -> int:
    """Return how many bytes a reply with `length` bytes of data takes, unstuffed."""
    return length + _OVERHEAD


def fast_reply_size(servos: int, length: int) -> int:
    """Return how many bytes the common reply of a number of `servos` takes."""
    return _FAST_OVERHEAD + servos * (length + 4)


def find_replies(received: bytes, servos: Collection[int], length: int) -> dict[int, Reply]:
    """Return the replies with `length` bytes of data from `servos` that are in `received`.

    Bytes that belong to no such packet are skipped, wherever they are; so is a reply that
    reports a failed instruction.
    """
    replies: list[tuple[int, Reply]] = []
    at = received.find(_HEADER)
    while at >= 0:
        stop = at + 7 + int.from_bytes(received[at + 5 : at + 7], 'little')
        body = _checked_body(received, at, stop, servos)
        if body is not None and len(body) == length + 2 and not body[1] & ~ALERT & 0xFF:
            replies.append((received[at + 4], Reply(body[1], body[2:])))
        at = received.find(_HEADER, at + 1 if body is None else stop)
    return keep_unambiguous(replies)


def find_fast_replies(received: bytes, servos: Sequence[int], length: int) -> dict[int, Reply]:
    """Return what the common reply to a fast sync read holds, or nothing if it is not whole.

    The packet is ERROR ID DATA CRC for each servo, the last CRC that of the whole packet; it is
    not stuffed. One silent servo breaks the packet for all.
    """
    size = fast_reply_size(len(servos), length)
    start = _HEADER + bytes((BROADCAST,)) + (size - 7).to_bytes(2, 'little') + bytes((STATUS,))
    replies: list[tuple[int, Reply]] = []
    at = received.find(start)
    while at >= 0:
        whole = received[at : at + size]
        if len(whole) == size and crc16(whole[:-2]) == int.from_bytes(whole[-2:], 'little'):
            rows = [whole[i : i + length + 2] for i in range(_FAST_OVERHEAD, size, length + 4)]
            if [row[1] for row in rows] == list(servos):
                replies += [(row[1], Reply(row[0], row[2:])) for row in rows if not row[0] & 0x7F]
        at = received.find(start, at + 1)
    return keep_unambiguous(replies)


def _checked_body(received: bytes, at: int, stop: int, servos: Collection[int]) -> bytes | None:
    """Return the status packet's unstuffed instruction, error and data; None if it is none."""
    if (
        stop > len(received)
        or stop < at + _OVERHEAD
        or received[at + 4] not in servos
        or received[at + 7] != STATUS
        or crc16(received[at : stop - 2]) != int.from_bytes(received[stop - 2 : stop], 'little')
    ):
        return None
    body = received[at + 7 : stop - 2]
    return body.replace(_STUFFED, _MARK) if _STUFFED in body else body


def _span(address: int, length: int) -> bytes:
    return address.to_bytes(2, 'little') + length.to_bytes(2, 'little')
