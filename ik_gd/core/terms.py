"""What else a solution should be like: costs that act where the main task leaves a choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError
from ik_gd.core.kernels import kinematics

Array = NDArray[np.float64]


class Term(Protocol):
    """A cost over the joint positions; smaller is better."""

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q` (n,); `q_previous` (n,) is where the solve began."""

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient (n,)."""


@dataclass(frozen=True)
class Posture:
    """Half the squared distance from a posture one likes: weight / 2 |q - posture|^2.

    Attributes:
        posture: (n,) [rad or m].
        weight: one number, or (n,) one per joint.
    """

    posture: ArrayLike
    weight: ArrayLike = 1.0

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q`."""
        away = q - np.asarray(self.posture, dtype=np.float64)
        return float(0.5 * np.sum(np.multiply(self.weight, away**2)))

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient."""
        away: Array = np.multiply(self.weight, q - np.asarray(self.posture, dtype=np.float64))
        return away


@dataclass(frozen=True)
class NearPrevious:
    """Half the squared distance from the joints that the solve began with.

    Attributes:
        weight: of all joints.
    """

    weight: float = 1.0

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q`."""
        return float(0.5 * self.weight * np.sum((q - q_previous) ** 2))

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient."""
        return self.weight * (q - q_previous)


@dataclass(frozen=True)
class LimitMargin:
    """Grows towards the limits: weight / 2 of the squared share of the margin that is used up.

    Attributes:
        margin: share of the range, at either end, that is better left alone.
        weight: of all joints.
    """

    margin: float = 0.2
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.margin <= 0.5:
            raise SettingsError(f'margin is in (0, 0.5], not {self.margin!r}')

    def _used(self, chain: Chain, q: Array) -> tuple[Array, Array]:
        width = self.margin * (chain.upper - chain.lower)
        with np.errstate(invalid='ignore'):
            used = np.clip(1.0 - (q - chain.lower) / width, 0.0, None)
            used -= np.clip(1.0 - (chain.upper - q) / width, 0.0, None)
        limited = np.isfinite(width) & (width > 0.0)
        return np.where(limited, used, 0.0), np.where(limited, width, 1.0)

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q`."""
        used, _ = self._used(chain, q)
        return float(0.5 * self.weight * np.sum(used**2))

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient."""
        used, width = self._used(chain, q)
        return -self.weight * used / width


@dataclass(frozen=True)
class Custom:
    """A function of one's own; its gradient is sampled, as in the tutorial.

    Attributes:
        function: (q (n,), tip transform (4, 4)) -> cost; plain Python, or @njit for speed.
        weight: factor of the cost.
        sampling_distance: [rad or m].
    """

    function: Callable[[Array, Array], float]
    weight: float = 1.0
    sampling_distance: float = 1e-5

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q`."""
        return self.weight * float(self.function(q, kinematics.forward(chain.segments, q)))

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient, sampled on both sides of every joint."""
        slope = np.empty(q.size)
        for j in range(q.size):
            ahead, behind = q.copy(), q.copy()
            ahead[j] += self.sampling_distance
            behind[j] -= self.sampling_distance
            rise = self.value(chain, ahead, q_previous) - self.value(chain, behind, q_previous)
            slope[j] = rise / (2.0 * self.sampling_distance)
        return slope


@dataclass(frozen=True)
class Manipulability:
    """Minus the volume of the velocities that the tip can have.

    Source: T. Yoshikawa, Manipulability of robotic mechanisms, 1985.

    Attributes:
        weight: factor of the volume.
    """

    weight: float = 1.0

    def value(self, chain: Chain, q: Array, q_previous: Array) -> float:
        """Return the cost at `q`."""
        J = kinematics.jacobian(chain.segments, q)
        return -self.weight * float(np.prod(np.linalg.svd(J, compute_uv=False)))

    def gradient(self, chain: Chain, q: Array, q_previous: Array) -> Array:
        """Return the cost's gradient, sampled."""
        return Custom(lambda at, _: self.value(chain, at, at)).gradient(chain, q, q_previous)
