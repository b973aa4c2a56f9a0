"""Feetech's serial protocol: the STS, SMS and SCS series.

A packet is FF FF ID LENGTH INSTRUCTION parameters CHECKSUM, with LENGTH = parameters + 2 and
CHECKSUM the inverted sum of all from ID on; in a status packet an error byte takes the place of
the instruction. Source: Feetech's communication protocol manual and its SDKs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ik_gd.arms.servo.codecs.reply import Reply, keep_unambiguous

BROADCAST = 0xFE
PING, READ, WRITE = 0x01, 0x02, 0x03
SYNC_READ, SYNC_WRITE = 0x82, 0x83

_HEADER = b'\xff\xff'
_OVERHEAD = 6  # header, id, length, error, checksum


def packet(servo: int, instruction: int, parameters: bytes = b'') -> bytes:
    """Return an instruction packet."""
    body = bytes((servo, len(parameters) + 2, instruction)) + parameters
    return _HEADER + body + bytes((~sum(body) & 0xFF,))


def ping(servo: int) -> bytes:
    """Ask whether `servo` is there."""
    return packet(servo, PING)


def read(servo: int, address: int, length: int) -> bytes:
    """Ask for `length` bytes from `address` on."""
    return packet(servo, READ, bytes((address, length)))


def write(servo: int, address: int, data: bytes) -> bytes:
    """Write `data` at `address`; the servo answers, depending on its response level."""
    return packet(servo, WRITE, bytes((address,)) + data)


def sync_read(servos: Sequence[int], address: int, length: int) -> bytes:
    """Ask several servos at once; each answers with a packet of its own, in order."""
    return packet(BROADCAST, SYNC_READ, bytes((address, length, *servos)))


def sync_write(address: int, data: Mapping[int, bytes]) -> bytes:
    """Write to several servos at once, the same number of bytes each; nobody answers."""
    length = len(next(iter(data.values())))
    rows = b''.join(bytes((servo,)) + row for servo, row in data.items())
    return packet(BROADCAST, SYNC_WRITE, bytes((address, length)) + rows)


def reply_size(length: int) -> int:
    """Return how many bytes a reply with `length` bytes of data takes on the wire."""
    return length + _OVERHEAD


def find_replies(
    received: bytes, servos: Collection[int], length: int, request: bytes = b''
) -> dict[int, Reply]:
    """Return the replies with `length` bytes of data from `servos` that are in `received`.

    Bytes that belong to no such packet are skipped, wherever they are.

    Args:
        received: anything.
        servos: the ids that were asked.
        length: of the data.
        request: what was sent. Its echo, where an adapter returns one, is cut out first: the
            echo of a read is itself a valid status packet with two bytes of data.
    """
    if request and request in received:
        received = received.replace(request, b'')
    replies: list[tuple[int, Reply]] = []
    size = length + 2
    at = received.find(_HEADER)
    while at >= 0:
        stop = at + 4 + size
        if stop > len(received):
            break
        if (
            received[at + 3] == size
            and received[at + 2] in servos
            and sum(received[at + 2 : stop]) & 0xFF == 0xFF
        ):
            reply = Reply(received[at + 4], received[at + 5 : stop - 1])
            replies.append((received[at + 2], reply))
            at = received.find(_HEADER, stop)
        else:
            at = received.find(_HEADER, at + 1)
    return keep_unambiguous(replies)
