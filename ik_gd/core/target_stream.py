"""Where a streamed target is now: the newest message, moved on at the stream's own velocity.

Messages come at jittering times and sometimes not at all; only receive times on our own clock
are used. The stream's clock is recovered by a small phase-locked loop, its velocity by
differences of poses over that clock. A velocity is used only after it repeated itself, so that
jumps, corners and noise are followed but never extrapolated.
"""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels import poses

Array = NDArray[np.float64]

_SLOWEST = 0.25  # [s] between messages; slower ones are single goals, not a stream
_TRUSTED = 3.0  # differences that agree until a velocity is fully used
_AGREEMENT = 0.5  # of the larger velocity, by which two may differ and yet agree
_PERIOD_GAIN = 0.1
_PHASE_GAIN = 0.2
_VELOCITY_GAIN = 0.6
_TOO_MANY_SKIPS = 5
_HORIZON = 1.5  # periods to look ahead at most
_BLEND_TIME = 0.05  # [s] in which two thirds of the difference a message makes are taken over
_FADES_FROM, _FADES_TO = 2.0, 4.0  # periods without a message until the velocity counts no more


class TargetStream:
    """Estimates a pose between, and a little after, the messages that told it.

    Attributes:
        received: when the newest message came [s].
        velocity: (2, 3) linear [m/s], angular [rad/s]; as far as they are trusted, 0 otherwise.
        is_moving: whether any is trusted.
    """

    def __init__(self) -> None:
        self.received = -np.inf
        self.velocity = np.zeros((2, 3))
        self.is_moving = False
        self._newest = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
        self._now = self._newest.copy()
        self._before = self._newest.copy()
        self._estimate = np.zeros((2, 3))
        self._agreed = np.zeros(2)
        self._period = 0.0
        self._skips = 0  # messages in a row that came two periods or more after the one before
        self._sent = -np.inf  # when the newest message came, but for jitter
        self._moved = np.zeros((2, 3))
        self._offset = np.zeros((2, 3))  # what the newest message changed, yet to be taken over

    def receive(self, position: Array, quaternion_xyzw: Array, now: float) -> None:
        """Take in a message: the pose `position` (3,) [m], `quaternion_xyzw` (4,)."""
        was_moving = self.is_moving
        if was_moving:
            self._before[:] = self.at(now)
        elapsed = self._recover_clock(now)
        if elapsed > 0.0:
            np.subtract(position, self._newest[:3], out=self._moved[0])
            poses.rotation_vector(self._newest[3:], quaternion_xyzw, self._moved[1])
            self.is_moving = poses.learn_velocity(
                self._moved,
                elapsed,
                _VELOCITY_GAIN,
                _AGREEMENT,
                _TRUSTED,
                self._estimate,
                self._agreed,
                self.velocity,
            )
        else:
            self.is_moving = False
            self._agreed[:] = 0.0
            self._estimate[:] = 0.0
            self.velocity[:] = 0.0
        self._newest[:3] = position
        self._newest[3:] = quaternion_xyzw
        self.received = now
        self._offset[:] = 0.0
        if was_moving and self.is_moving:
            after = self.at(now)
            np.subtract(self._before[:3], after[:3], out=self._offset[0])
            poses.rotation_vector(after[3:], self._before[3:], self._offset[1])

    def at(self, now: float) -> Array:
        """Return position and quaternion (7,) now; the next call changes this array."""
        if not self.is_moving:
            return self._newest
        age = max(now - self._sent, 0.0) / self._period
        fade = (_FADES_TO - age) / (_FADES_TO - _FADES_FROM)
        ahead = min(age, _HORIZON) * self._period * min(max(fade, 0.0), 1.0)
        left = exp((self.received - now) / _BLEND_TIME)
        if ahead == 0.0 and left < 1e-9:
            return self._newest
        poses.moved(self._newest, self.velocity, ahead, self._offset, left, self._now)
        return self._now

    def _recover_clock(self, now: float) -> float:
        """Return the time between this message and the one before [s]; 0 if unrelated."""
        gap = now - self.received
        if not 0.0 < gap <= _SLOWEST:
            self._period, self._sent = 0.0, now
            return 0.0
        if self._period == 0.0:
            self._period, self._sent = gap, now
            return gap
        count = max(round(gap / self._period), 1)
        elapsed = count * self._period
        late = now - (self._sent + elapsed)
        self._skips = self._skips + 1 if count > 1 else 0
        if self._skips >= _TOO_MANY_SKIPS:  # two that came in one go were taken for the period
            self._period, self._sent, self._skips = gap, now, 0
            return gap
        if abs(late) > 0.75 * self._period:
            self._period, self._sent = gap / count, now
            return gap
        self._period = max(self._period + _PERIOD_GAIN * late / count, 1e-6)
        self._sent += elapsed + _PHASE_GAIN * late
        return elapsed
