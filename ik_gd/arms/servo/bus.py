"""The interface of a servo bus, and how one question is asked and answered on any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol, Union

from ik_gd.arms.servo.codecs.reply import Reply
from ik_gd.arms.servo.port import SerialPort

_STRAGGLER = 0.002  # [s] how long to wait for more when enough bytes have come, but not all good


class Miss(Enum):
    """Why there is no reply."""

    SILENT = 'no answer'
    GARBLED = 'garbled answer'


Result = Union[Reply, Miss]  # noqa: UP007 (an alias evaluated by Python 3.10 too)


class ServoBus(Protocol):
    """Servos on one line, addressed by id; every failure is a servo's own.

    All methods raise PortLost when the line itself is gone.
    """

    def ping(self, servo: int) -> int | None:
        """Return the model number, 0 where the protocol has none; None if nobody answers."""
        ...

    def read_block(self, servo: int, address: int, length: int) -> Result:
        """Read `length` bytes of one servo from `address` on."""
        ...

    def sync_read(self, servos: Sequence[int], address: int, length: int) -> dict[int, Result]:
        """Read the same bytes of several servos; every id asked is in the answer."""
        ...

    def sync_write(self, address: int, data: Mapping[int, bytes]) -> None:
        """Write to several servos, the same number of bytes each; nobody confirms it."""
        ...


def ask(
    port: SerialPort,
    request: bytes,
    servos: Sequence[int],
    size: int,
    timeout: float,
    find: Callable[[bytes], dict[int, Reply]],
) -> dict[int, Result]:
    """Send `request` and collect the replies of `servos`.

    Args:
        port: the line.
        request: the packet.
        servos: who is asked.
        size: of all replies together [bytes].
        timeout: beyond the time on the wire [s].
        find: the codec's search for replies in what has been received.
    """
    port.send(request)
    received = port.receive(size, timeout)
    found = find(received)
    while len(found) < len(servos):
        # With bytes missing the timeout is over already; otherwise some are noise.
        more = port.receive(1, _STRAGGLER) if len(received) >= size else b''
        if not more:
            break
        received += more
        found = find(received)
    if len(found) == len(servos):
        return dict(found)
    miss = Miss.GARBLED if len(received) > size * len(found) // len(servos) else Miss.SILENT
    return {servo: found.get(servo, miss) for servo in servos}
