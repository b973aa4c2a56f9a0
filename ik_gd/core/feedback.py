"""What is known of the measured joint positions, since when, and whether the arm obeys."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.errors import TargetError

Array = NDArray[np.float64]


class Feedback:
    """The newest measured position of each joint, merged from whole or partial messages.

    Args:
        joint_names: the n joints.

    Attributes:
        position: (n,) newest measured positions [rad or m], NaN where there never was one.
    """

    def __init__(self, joint_names: tuple[str, ...]) -> None:
        self._names = joint_names
        self.position = np.full(len(joint_names), np.nan)
        self._received = np.full(len(joint_names), -np.inf)
        self._oldest = -np.inf

    def receive(self, position: ArrayLike, now: float) -> None:
        """Take in a message; NaN or infinite entries say nothing of their joints.

        Args:
            position: (n,) [rad or m].
            now: when it came [s].

        Raises:
            TargetError: it has not one number for each joint.
        """
        given = np.asarray(position, dtype=np.float64)
        if given.shape != self.position.shape:
            raise TargetError(
                f'joint positions have the shape {given.shape}; the {len(self._names)} joints '
                f'are {", ".join(self._names)}'
            )
        known = np.isfinite(given)
        if known.all():
            self.position[:] = given
            self._received[:] = now
            self._oldest = now
        else:
            np.copyto(self.position, given, where=known)
            self._received[known] = now
            self._oldest = float(self._received.min())

    def is_fresh(self, now: float, timeout: float) -> bool:
        """Return whether every joint was heard of within `timeout` [s]."""
        return now - self._oldest <= timeout

    def missing(self, now: float, timeout: float) -> tuple[str, ...]:
        """Return the joints that were not heard of within `timeout` [s]."""
        if self.is_fresh(now, timeout):
            return ()
        late = now - self._received > timeout
        return tuple(name for name, is_late in zip(self._names, late, strict=True) if is_late)


class Supervisor:
    """Tells when the measured joints stay too far from where they were told to be.

    Args:
        joint_names: the n joints.
        max_error: (n,) allowed difference [rad or m]; inf for any.
        patience: how long a larger one may last [s].
    """

    def __init__(self, joint_names: tuple[str, ...], max_error: Array, patience: float) -> None:
        self._names = joint_names
        self._max_error = max_error
        self._patience = patience
        self._is_needed = bool(np.isfinite(max_error).any())
        self._since: float | None = None

    def complaint(self, measured: Array, commanded: Array, now: float) -> str | None:
        """Return what is wrong at the time `now` [s], if it has been for too long."""
        if not self._is_needed:
            return None
        error = np.abs(measured - commanded)
        if not (error > self._max_error).any():
            self._since = None
            return None
        if self._since is None:
            self._since = now
        if now - self._since < self._patience:
            return None
        i = int(np.argmax(error / self._max_error))
        return (
            f'joint {self._names[i]!r} is {error[i]:.3g} from its command, more than '
            f'max_following_error {self._max_error[i]:g}'
        )

    def forget(self) -> None:
        """Begin anew, as when the arm is told nothing."""
        self._since = None
