"""Takes out what a joint stays behind its goals by: play in the gears, gravity. Pure.

A hobby servo is a spring: under load, and within the play of its gears, it rests beside its goal
for good. Its encoder sees that, so a slow and narrowly bounded integral can lead it there.
"""

from __future__ import annotations

from collections import deque

_RESPONSE = 0.03  # [s] how far behind its goal a healthy joint is when it moves
_GAIN = 5.0  # [1/s] of the error that is left, so much is taken out a second
_DEAD_BAND = 1.5  # [ticks] noise of the encoder


class PositionTrim:
    """An offset that is added to one joint's goals.

    Args:
        limit: most that is added [ticks]; 0 adds nothing.

    Attributes:
        offset: what is added now [ticks].
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._sent: deque[tuple[float, float]] = deque()  # (when [s], goal)
        self._now = 0.0  # the sum of all steps [s]
        self.offset = 0.0

    def reset(self) -> None:
        """Add nothing, as after the joint has been taken up."""
        self._sent.clear()
        self.offset = 0.0

    def apply(self, goal: float, measured: float, dt: float) -> float:
        """Return the goal to send [ticks].

        Args:
            goal: where the joint shall be [ticks].
            measured: where it is [ticks].
            dt: since the last call [s].
        """
        if not self._limit:
            return goal
        self._now += dt
        sent, before = self._sent, self._now - _RESPONSE
        while len(sent) > 1 and sent[1][0] <= before:
            sent.popleft()
        if sent and sent[0][0] <= before:
            error = min(max(sent[0][1] - measured, -self._limit), self._limit)
            if abs(error) > _DEAD_BAND:
                offset = self.offset + _GAIN * dt * error
                self.offset = min(max(offset, -self._limit), self._limit)
        sent.append((self._now, goal))
        return goal + self.offset
