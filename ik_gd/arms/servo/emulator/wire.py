"""Half-duplex wire between host and servos: when each byte arrives, and what faults do to it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from ik_gd.arms.servo.emulator.faults import Faults, Switches
from ik_gd.arms.servo.emulator.virtual_servo import Line

BITS_PER_BYTE = 10  # start, 8 data, stop


@dataclass(frozen=True, order=True)
class Delivery:
    """Bytes that the host can read from `due` [s] on."""

    due: float
    data: bytes


class Wire:
    """Turns what the host writes into what it will be able to read; time is an argument.

    Args:
        line: the servos.
        faults: what is broken at this moment.
        switches: only the adapter's latency is of use here.
        rng: where noise comes from.
    """

    def __init__(
        self, line: Line[Any, Any], faults: Faults, switches: Switches, rng: random.Random
    ) -> None:
        self.line = line
        self.reply_count = 0
        self._faults = faults
        self._switches = switches
        self._rng = rng
        self._free_at = 0.0
        self._stale = b''

    def hear(self, data: bytes, now: float, baud: int) -> list[Delivery]:
        """Return what comes back for `data`, written at `now` [s] with the host at `baud`."""
        byte_time = BITS_PER_BYTE / baud
        asked = max(now, self._free_at) + len(data) * byte_time
        deliveries = [Delivery(asked, data)] if self._faults.echo else []
        time = asked
        if self._stale:
            time += len(self._stale) * byte_time
            deliveries.append(Delivery(time, self._stale))
            self._stale = b''
        for reply in self.line.hear(data, asked, baud):
            self.reply_count += 1
            answer = self._damaged(reply.data)
            time += reply.delay
            if answer:
                first, gap = self._split(answer)
                if first:
                    deliveries.append(Delivery(time + len(first) * byte_time, first))
                time += gap + len(answer) * byte_time
                deliveries.append(Delivery(time, answer[len(first) :]))
        self._free_at = time
        return [Delivery(self._handed_over(item.due), item.data) for item in deliveries]

    def clear(self, now: float) -> None:
        """Forget what is on the way, as when the adapter is pulled out."""
        self._free_at, self._stale = now, b''

    def _damaged(self, data: bytes) -> bytes:
        """Return what a reply becomes on its way; nothing if it is lost or late."""
        faults = self._faults
        if self._strikes(faults.lose_every):
            return b''
        if self._strikes(faults.stale_every):
            self._stale = data
            return b''
        if self._strikes(faults.corrupt_every):
            bad = bytearray(data)
            bad[self._rng.randrange(len(bad))] ^= 1 << self._rng.randrange(8)
            data = bytes(bad)
        return self._rng.randbytes(faults.noise_bytes) + data

    def _strikes(self, every: int) -> bool:
        return every > 0 and self.reply_count % every == 0

    def _split(self, answer: bytes) -> tuple[bytes, float]:
        """Return the part of an answer that comes first, and the pause after it [s]."""
        size = self._faults.split_after
        return (answer[:size], self._faults.split_gap) if 0 < size < len(answer) else (b'', 0.0)

    def _handed_over(self, due: float) -> float:
        latency = self._switches.usb_latency
        return math.ceil(due / latency) * latency if latency else due
