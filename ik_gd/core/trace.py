"""The way that a descent takes: its joints and its cost after each iteration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.pose import Pose

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver


class Trace(NamedTuple):
    """A descent, step by step.

    Attributes:
        joints: (k, n) [rad or m] after so many iterations; the first row is the start.
        costs: (k,) 1/2 sum (weight * error)^2.
        position_errors: (k,) [m].
    """

    joints: NDArray[np.float64]
    costs: NDArray[np.float64]
    position_errors: NDArray[np.float64]


def trace(
    solver: Solver,
    target: Pose | ArrayLike,
    q_start: ArrayLike,
    iterations: int,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> Trace:
    """Watch one descent without restarts; arguments as of `Solver.track`.

    A descent is deterministic, so that of k iterations is the beginning of that of k + 1: the
    solver runs anew for each row and carries nothing for onlookers. The trace ends where the
    descent does, on target or stuck.
    """
    steps = [
        solver.track(target, q_start, lower, upper, iterations=k)
        for k in range(1, max(1, iterations) + 1)
    ]
    used = [step.iterations for step in steps]
    end = used.index(used[-1]) + 1
    return Trace(
        np.array([step.q for step in steps[:end]]),
        np.array([step.cost for step in steps[:end]]),
        np.array([step.position_error for step in steps[:end]]),
    )
