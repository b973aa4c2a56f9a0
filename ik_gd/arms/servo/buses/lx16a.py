"""LX-16A servos on a serial port.

They have commands instead of registers: an `address` here is the number of a command, and its
parameters are the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ik_gd.arms.servo.bus import Miss, Result, ask
from ik_gd.arms.servo.codecs import lx16a as codec
from ik_gd.arms.servo.codecs.reply import Reply
from ik_gd.arms.servo.port import SerialPort

_ID_READ = (14, 1)  # the command that every servo answers, whatever its state, and its data size


class Lx16aBus:
    """LX-16A servos, asked one after the other: the protocol knows no sync read.

    Args:
        port: the line.
        timeout: for an answer, beyond its time on the wire [s].
    """

    def __init__(self, port: SerialPort, timeout: float) -> None:
        self._port = port
        self._timeout = timeout

    def ping(self, servo: int) -> int | None:
        """Return 0, for these servos do not tell their model; None if nobody answers."""
        return None if isinstance(self.read_block(servo, *_ID_READ), Miss) else 0

    def read_block(self, servo: int, address: int, length: int) -> Result:
        """Send the read command `address` and return its `length` parameters."""

        def find(received: bytes) -> dict[int, Reply]:
            reply = codec.find_reply(received, servo, address, length)
            return {} if reply is None else {servo: reply}

        request = codec.packet(servo, address)
        size = codec.reply_size(length)
        return ask(self._port, request, (servo,), size, self._timeout, find)[servo]

    def sync_read(self, servos: Sequence[int], address: int, length: int) -> dict[int, Result]:
        """Read the same of several servos; every id asked is in the answer."""
        return {servo: self.read_block(servo, address, length) for servo in servos}

    def sync_write(self, address: int, data: Mapping[int, bytes]) -> None:
        """Send the command `address` with each servo's parameters; nobody confirms it."""
        if data:
            self._port.send(b''.join(codec.packet(i, address, row) for i, row in data.items()))
