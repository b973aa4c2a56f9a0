"""A serial port that says in one way that it is gone. The only file that imports serial.

Reading and writing go to the file descriptor: setting pyserial's timeout before each read would
reconfigure the line each time, and every byte that wakes us costs more than the waiting.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import time
from collections.abc import Callable

import serial

from ik_gd.core.errors import ArmError

_BITS_PER_BYTE = 10  # 8N1 on the wire: start, 8 data, stop
_CHUNK = 4096  # [bytes] more than any exchange
_WRITE_TIMEOUT = 0.1  # [s] for the kernel to take one packet
_ECHO_WAIT = 0.03  # [s] longer than the 16 ms that FTDI adapters hold bytes back
_MOST_LATENESS = 0.001  # [s] that is slept through before looking: a USB frame
_FORGETTING = 0.95  # of the lateness, each time that it was enough
_MAX_DRAIN = 64  # chunks; a line that babbles on must not hold up the cycle

# No packet of any protocol, so that no servo answers; an adapter that echoes returns it.
_ECHO_PROBE = b'\x00\x0f\x00\x0f'


class PortLost(ArmError):  # noqa: N818 (an event, as in `except PortLost`)
    """The port cannot be opened or has gone away: unplugged, hung up, taken by another."""


class SerialPort:
    """One open serial line.

    Args:
        path: of the device.
        baud: bits per second.
        clock: a monotonic clock [s].

    Attributes:
        echo: whether the adapter returns what is sent; what `send` sent is then cut off from
            what `receive` returns.
        strays: bytes thrown away because nobody had asked for them.

    Raises:
        PortLost: as do all methods but `close`.
    """

    def __init__(self, path: str, baud: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.baud = baud
        self.clock = clock
        self.echo = False
        self.strays = 0
        self._seconds_per_byte = _BITS_PER_BYTE / baud
        self._quiet_at = 0.0  # when the last byte that we sent will be on the wire
        self._echo_due = b''
        self._lateness = 0.0  # what answers have lately taken beyond their time on the wire [s]
        try:
            self._serial = serial.Serial(path, baud, timeout=0, exclusive=True)
            self._fd = self._serial.fileno()
        except (OSError, ValueError, termios.error) as error:
            raise PortLost(f'cannot open {path}: {_reason(error)}') from error
        with contextlib.suppress(Exception):  # only some USB drivers can; ptys raise ValueError
            self._serial.set_low_latency_mode(True)
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def wire_time(self, size: int) -> float:
        """Return how long `size` bytes take on the wire [s]."""
        return size * self._seconds_per_byte

    def drain(self) -> None:
        """Throw away what has arrived: a late answer must not pass for the next one."""
        for _ in range(_MAX_DRAIN):
            stray = self._read_available()
            if not stray:
                return
            if not self._echo_due:  # otherwise the echo of a write that nobody waited for
                self.strays += len(stray)

    def send(self, packet: bytes) -> None:
        """Drain, then send one packet."""
        self.drain()
        self._echo_due = packet if self.echo else b''
        now = self.clock()
        self._quiet_at = max(now, self._quiet_at) + len(packet) * self._seconds_per_byte
        give_up = now + _WRITE_TIMEOUT
        rest = packet
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                if self.clock() > give_up:
                    raise PortLost(f'{self.path} takes no more bytes') from None
                select.select([], [self._fd], [], 0.01)
            except OSError as error:
                raise PortLost(f'{self.path} is gone: {_reason(error)}') from error

    def receive(self, size: int, timeout: float) -> bytes:
        """Return what arrives until there are `size` bytes or `timeout` [s] is over.

        The timeout counts from when the packet sent before and `size` bytes have had their time
        on the wire. There can be more bytes than asked for, and fewer.
        """
        echo = self._echo_due
        due = max(self._quiet_at, self.clock()) + size * self._seconds_per_byte
        asleep = due + min(self._lateness, timeout) - self.clock()
        if asleep > 0.0:  # one wake-up for all bytes instead of one for each piece
            time.sleep(asleep)
        deadline = due + timeout
        received = b''
        looks = 0
        while echo or len(received) < size:
            # Past the deadline, too: what has arrived counts, however late we were to look.
            if not self._poll.poll(max(0.0, deadline - self.clock()) * 1e3):
                break
            received += self._read_available(ready=True)
            looks += 1
            if echo and echo in received:  # what comes before it is noise, or an older echo
                received = received.partition(echo)[2]
                echo = b''
        self._echo_due = echo
        if looks == 1:
            self._lateness *= _FORGETTING
        elif len(received) >= size:
            self._lateness = min(self.clock() - due, _MOST_LATENESS)
        return b'' if echo else received

    def detect_echo(self) -> bool:
        """Find out whether the adapter echoes, and remember it."""
        self.echo = False
        self.send(_ECHO_PROBE)
        self.echo = self.receive(len(_ECHO_PROBE), _ECHO_WAIT) == _ECHO_PROBE
        return self.echo

    def close(self) -> None:
        """Close the line; calling it again, or after it was lost, does nothing."""
        with contextlib.suppress(OSError, termios.error):
            self._serial.close()

    def _read_available(self, ready: bool = False) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b''
        except (OSError, TypeError) as error:  # TypeError: closed under our feet
            raise PortLost(f'{self.path} is gone: {_reason(error)}') from error
        if ready and not data:  # readable and nothing to read: the other side hung up
            raise PortLost(f'{self.path} is gone: it hung up')
        return data


def _reason(error: BaseException) -> str:
    """Return the system's words for an error; pyserial wraps them in its own."""
    number = getattr(error, 'errno', None)
    return os.strerror(number) if isinstance(number, int) else str(error)
