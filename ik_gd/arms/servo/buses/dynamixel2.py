"""Dynamixel servos (Protocol 2.0) on a serial port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ik_gd.arms.servo.bus import Miss, Result, ask
from ik_gd.arms.servo.codecs import dynamixel2 as codec
from ik_gd.arms.servo.port import SerialPort

_PING_LENGTH = 3  # model number and firmware version
_FAST_CHANCES = 3  # fast reads that may fail in a row before we do without them


class DynamixelBus:
    """X series servos.

    Several servos are asked with a fast sync read, which saves an eighth of the time on the wire.
    One servo that is dead, or too old to know it, spoils it for all; after a few such failures in
    a row the plain sync read takes over for good. The caller asks the silent ones one by one.

    Args:
        port: the line.
        timeout: for an answer, beyond its time on the wire [s].
    """

    def __init__(self, port: SerialPort, timeout: float) -> None:
        self._port = port
        self._timeout = timeout
        self._fast_chances = _FAST_CHANCES

    def ping(self, servo: int) -> int | None:
        """Return the model number; None if nobody answers."""
        reply = self._ask_one(servo, codec.ping(servo), _PING_LENGTH)
        return None if isinstance(reply, Miss) else int.from_bytes(reply.data[:2], 'little')

    def read_block(self, servo: int, address: int, length: int) -> Result:
        """Read `length` bytes of one servo from `address` on."""
        return self._ask_one(servo, codec.read(servo, address, length), length)

    def sync_read(self, servos: Sequence[int], address: int, length: int) -> dict[int, Result]:
        """Read the same bytes of several servos; every id asked is in the answer."""
        if len(servos) <= 1:
            return {servo: self.read_block(servo, address, length) for servo in servos}
        if self._fast_chances:
            results = self._fast_sync_read(servos, address, length)
            failed = any(isinstance(result, Miss) for result in results.values())
            self._fast_chances = self._fast_chances - 1 if failed else _FAST_CHANCES
            return results
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

    def reboot(self, servo: int) -> None:
        """Restart one servo, which clears its hardware error; it is silent for a moment."""
        self._port.send(codec.reboot(servo))

    def _fast_sync_read(
        self, servos: Sequence[int], address: int, length: int
    ) -> dict[int, Result]:
        return ask(
            self._port,
            codec.fast_sync_read(servos, address, length),
            servos,
            codec.fast_reply_size(len(servos), length),
            self._timeout,
            lambda received: codec.find_fast_replies(received, servos, length),
        )

    def _ask_one(self, servo: int, request: bytes, length: int) -> Result:
        servos = (servo,)
        return ask(
            self._port,
            request,
            servos,
            codec.reply_size(length),
            self._timeout,
            lambda received: codec.find_replies(received, servos, length),
        )[servo]
