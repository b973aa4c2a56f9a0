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
        self._sent: deque[tuple[float, float]] = deque()  # (how long ago [s], goal)
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
        self._sent = deque((age + dt, old) for age, old in self._sent)
        while len(self._sent) > 1 and self._sent[1][0] >= _RESPONSE:
            self._sent.popleft()
        if self._sent and self._sent[0][0] >= _RESPONSE:
            error = min(max(self._sent[0][1] - measured, -self._limit), self._limit)
            if abs(error) > _DEAD_BAND:
                offset = self.offset + _GAIN * dt * error
                self.offset = min(max(offset, -self._limit), self._limit)
        self._sent.append((0.0, goal))
        return goal + self.offset
