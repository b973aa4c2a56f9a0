"""Follows one joint that is moved by hand: where it has been, across the wrap. Pure."""

from __future__ import annotations


class RangeRecorder:
    """Lowest and highest tick of a joint, counted on across whole turns.

    Args:
        ticks_per_rev: where the servo's counting wraps.
        tick: where the joint is at first.

    Attributes:
        tick: newest, counted on.
        low: lowest so far.
        high: highest so far.
    """

    def __init__(self, ticks_per_rev: float, tick: int) -> None:
        self._ticks_per_rev = ticks_per_rev
        self.tick = self.low = self.high = tick

    def add(self, tick: int) -> None:
        """Take a new reading; between two readings the joint turns less than half a turn."""
        turns = round((self.tick - tick) / self._ticks_per_rev)
        self.tick = tick + round(turns * self._ticks_per_rev)
        self.low = min(self.low, self.tick)
        self.high = max(self.high, self.tick)

    def fits(self, last_tick: int) -> bool:
        """Tell whether the range can be commanded: within 0 .. last_tick, without the wrap."""
        return self.low >= 0 and self.high <= last_tick
