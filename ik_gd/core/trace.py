"""The way of one descent, for pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.pose import Pose

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver


class Trace(NamedTuple):
    """The way of one descent.

    Attributes:
        path: (k, n) joint positions, the start first [rad or m].
        costs: (k,) at each.
        iterations: (k,) forward kinematics spent until there.
    """

    path: NDArray[np.float64]
    costs: NDArray[np.float64]
    iterations: NDArray[np.int64]


def trace(
    solver: Solver,
    target: Pose | ArrayLike,
    q_start: ArrayLike,
    iterations: int = 200,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> Trace:
    """Descend from `q_start` without restarts, and write down the way.

    The descent is run again from the start for every point, with a growing budget: quadratic in
    `iterations`, but exactly the steps that the solver takes.

    Args:
        solver: of any step rule.
        target: as for Solver.track.
        q_start: (n,) [rad or m].
        iterations: forward kinematics to spend at most.
        lower: (n,) bounds as for Solver.track; equal bounds keep a joint still.
        upper: (n,) likewise.
    """
    path: list[NDArray[np.float64]] = []
    costs: list[float] = []
    spent: list[int] = []
    for budget in range(1, iterations + 1):
        solution = solver.track(target, q_start, lower, upper, budget)
        if not path or solution.iterations > spent[-1]:
            path.append(solution.q)
            costs.append(solution.cost)
            spent.append(solution.iterations)
        if solution.iterations < budget:
            break
    return Trace(np.array(path), np.array(costs), np.array(spent))
