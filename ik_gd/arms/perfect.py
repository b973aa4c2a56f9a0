"""An arm that is where it was told to be, at once: for tests and dry runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.arms.arm import ArmState


class PerfectArm:
    """Reaches every command before the next read.

    Args:
        joint_names: the n joints.
        position: (n,) where they are at first [rad or m]; zeros if None.
        clock: returns the time [s] that readings carry.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        position: ArrayLike | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._joint_names = tuple(joint_names)
        n = len(self._joint_names)
        self._position = np.zeros(n) if position is None else np.array(position, dtype=float)
        self._velocity = np.zeros(n)
        self._clock = clock

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The n joints, in the order of every array."""
        return self._joint_names

    def read(self) -> ArmState:
        """Return the last command as the measured state."""
        n = len(self._joint_names)
        return ArmState(
            self._position.copy(), self._velocity.copy(), np.full(n, np.nan), self._clock()
        )

    def write(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None = None
    ) -> None:
        """Be at `position` (n,) [rad or m]; a NaN leaves that joint where it is."""
        given = ~np.isnan(position)
        self._position[given] = position[given]
        self._velocity[:] = 0.0
        if velocity is not None:
            self._velocity[given] = np.nan_to_num(velocity[given])

    def close(self) -> None:
        """Do nothing: there is no device."""
