"""Between two commands: what the motors of a simulated arm aim at, from step to step."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class MotorGoal:
    """Goals of n joints that move on with the velocity they were given, for a short while.

    Commands come at 100 Hz or so, physics steps at 240 Hz. Holding each command until the next
    makes the arm late by half a command period, so a goal moves on with its feed-forward
    velocity. If no further command comes, it returns to the position that was commanded: a
    position command says where to be in the end, whatever its velocity.

    Args:
        position: (n,) where the joints are at first [rad or m].
        lower: (n,) [rad or m], -inf for none; goals stay inside.
        upper: (n,) [rad or m], inf for none.
        feed_forward_time: for how long a velocity holds after a command [s]; a little longer than
            the period of slow command streams.
    """

    def __init__(
        self,
        position: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
        feed_forward_time: float = 0.03,
    ) -> None:
        self._position = np.array(position, dtype=np.float64)
        self._velocity = np.zeros_like(self._position)
        self._lower = np.asarray(lower, dtype=np.float64)
        self._upper = np.asarray(upper, dtype=np.float64)
        self._time = np.full_like(self._position, -np.inf)
        self._feed_forward_time = feed_forward_time

    def set(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None, now: float
    ) -> None:
        """Take a command that came at `now` [s].

        Args:
            position: (n,) [rad or m]; NaN leaves a joint's goal as it is.
            velocity: (n,) [rad/s or m/s]; NaN or None: hold the position.
            now: [s] on the clock that `at` is asked with.
        """
        given = ~np.isnan(position)
        self._position[given] = np.clip(position, self._lower, self._upper)[given]
        self._velocity[given] = 0.0 if velocity is None else np.nan_to_num(velocity[given])
        self._time[given] = now

    def at(self, now: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where the joints shall be at `now` [s], (n,), and how fast they shall move.

        `now` may lie a moment before the newest command.
        """
        age = now - self._time
        velocity = np.where(age < self._feed_forward_time, self._velocity, 0.0)
        # An age is infinite before the first command, and 0 * inf is NaN.
        moved = self._position + velocity * np.minimum(age, self._feed_forward_time)
        position = np.clip(moved, self._lower, self._upper)
        outward = ((position >= self._upper) & (velocity > 0.0)) | (
            (position <= self._lower) & (velocity < 0.0)
        )
        velocity[outward] = 0.0
        return position, velocity
