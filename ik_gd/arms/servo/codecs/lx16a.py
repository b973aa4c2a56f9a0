"""LewanSoul's / Hiwonder's bus servo protocol (LX-16A and its siblings).

A packet is 55 55 ID LENGTH COMMAND parameters CHECKSUM, with LENGTH = parameters + 3 and CHECKSUM
the inverted sum of all from ID on. A reply repeats the command it answers; writes get none.
Source: LewanSoul's bus servo communication protocol manual.
"""

from __future__ import annotations

from ik_gd.arms.servo.codecs.reply import Reply, keep_unambiguous

BROADCAST = 0xFE

_HEADER = b'\x55\x55'
_OVERHEAD = 6  # header, id, length, command, checksum


def packet(servo: int, command: int, parameters: bytes = b'') -> bytes:
    """Return a command packet."""
    body = bytes((servo, len(parameters) + 3, command)) + parameters
    return _HEADER + body + bytes((~sum(body) & 0xFF,))


def reply_size(length: int) -> int:
    """Return how many bytes a reply with `length` parameters takes on the wire."""
    return length + _OVERHEAD


def find_reply(received: bytes, servo: int, command: int, length: int) -> Reply | None:
    """Return `servo`'s answer to `command` with `length` parameters if it is in `received`.

    Bytes that belong to no such packet are skipped, wherever they are. The echo of the request
    is no answer: it has no parameters.
    """
    expected = bytes((servo, length + 3, command))
    replies: list[tuple[int, Reply]] = []
    at = received.find(_HEADER + expected)
    while at >= 0:
        stop = at + _OVERHEAD + length
        if stop > len(received):
            break
        if length and sum(received[at + 2 : stop]) & 0xFF == 0xFF:
            replies.append((servo, Reply(0, received[at + 5 : stop - 1])))
            at = received.find(_HEADER + expected, stop)
        else:
            at = received.find(_HEADER + expected, at + 1)
    return keep_unambiguous(replies).get(servo)
