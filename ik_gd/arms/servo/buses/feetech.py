"""Feetech servos on a serial port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ik_gd.arms.servo.bus import Miss, Result, ask
from ik_gd.arms.servo.codecs import feetech as codec
from ik_gd.arms.servo.port import SerialPort

_MODEL = (3, 2)  # address and size of the model number in every series


class FeetechBus:
    """STS, SMS and SCS servos.

    Args:
        port: the line.
        timeout: for an answer, beyond its time on the wire [s].
        is_scs: the SCS series counts big endian and knows no sync read; its servos are asked one
            after the other.
    """

    def __init__(self, port: SerialPort, timeout: float, is_scs: bool = False) -> None:
        self._port = port
        self._timeout = timeout
        self._is_scs = is_scs

    def ping(self, servo: int) -> int | None:
        """Return the model number; None if nobody answers.

        It reads the model number: the reply to this protocol's own ping, from a servo with a
        voltage error, has the very bytes of the ping's echo.
        """
        reply = self.read_block(servo, *_MODEL)
        if isinstance(reply, Miss):
            return None
        return int.from_bytes(reply.data, 'big' if self._is_scs else 'little')

    def read_block(self, servo: int, address: int, length: int) -> Result:
        """Read `length` bytes of one servo from `address` on."""
        request = codec.read(servo, address, length)
        servos = (servo,)
        return ask(
            self._port,
            request,
            servos,
            codec.reply_size(length),
            self._timeout,
            lambda received: codec.find_replies(received, servos, length, request),
        )[servo]

    def sync_read(self, servos: Sequence[int], address: int, length: int) -> dict[int, Result]:
        """Read the same bytes of several servos; every id asked is in the answer."""
        if self._is_scs or len(servos) == 1:
            return {servo: self.read_block(servo, address, length) for servo in servos}
        if not servos:
            return {}
        return ask(
            self._port,
            codec.sync_read(servos, address, length),
            servos,
            len(servos) * codec.reply_size(length),
            self._timeout,
            lambda received: codec.find_replies(received, servos, length),
        )

    def sync_write(self, address: int, data: Mapping[int, bytes]) -> None:
        """Write to several servos, the same number of bytes each; nobody confirms it."""
        if data:
            self._port.send(codec.sync_write(address, data))
