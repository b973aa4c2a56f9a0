"""What a solve returns: joint positions, and how well they do."""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class SolutionStatus(enum.Enum):
    """How a descent ended. Not converging is an answer too: the best joint positions found."""

    CONVERGED = 'converged'
    STALLED = 'stalled'
    AT_LIMIT = 'at_limit'
    OUT_OF_REACH = 'out_of_reach'
    BUDGET_SPENT = 'budget_spent'


class Solution(NamedTuple):
    """Joint positions and how well they do.

    Attributes:
        q: (n,) [rad or m], inside the limits.
        status: how the search ended.
        position_error: [m] distance of the tip from the target.
        rotation_error: [rad] angle left to turn; of the axis, when only an axis is asked for.
        iterations: forward kinematics evaluated, restarts included.
        restarts: descents begun after the first.
        cost: 1/2 sum (weight * error)^2.
    """

    q: NDArray[np.float64]
    status: SolutionStatus
    position_error: float
    rotation_error: float
    iterations: int
    restarts: int
    cost: float

    @property
    def converged(self) -> bool:
        """Whether every error is within its tolerance."""
        return self.status is SolutionStatus.CONVERGED


class MultiTipSolution(NamedTuple):
    """Joint positions for several tips, and how well they do.

    Attributes:
        q: (n,) [rad or m], inside the limits, in the order of MultiTipSolver.joint_names.
        status: how the search ended; CONVERGED when every tip is on its target.
        position_errors: (K,) [m].
        rotation_errors: (K,) [rad].
        iterations: evaluations of the whole tree.
        restarts: descents begun after the first.
        cost: 1/2 sum (weight * error)^2 over all tips.
    """

    q: NDArray[np.float64]
    status: SolutionStatus
    position_errors: NDArray[np.float64]
    rotation_errors: NDArray[np.float64]
    iterations: int
    restarts: int
    cost: float

    @property
    def converged(self) -> bool:
        """Whether every tip is on its target."""
        return self.status is SolutionStatus.CONVERGED


# In the order of the codes of kernels/search.py.
STATUS_OF_CODE = (
    SolutionStatus.CONVERGED,
    SolutionStatus.STALLED,
    SolutionStatus.BUDGET_SPENT,
    SolutionStatus.AT_LIMIT,
    SolutionStatus.OUT_OF_REACH,
)
