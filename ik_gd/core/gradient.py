"""The slope of the cost: exact from the Jacobian, or sampled as in the tutorial.

The sampled functions are A. Zucconi's algorithm in plain Python, for reading and for checking;
the solver runs their compiled twins (kernels/rules.py).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.chain import Chain
from ik_gd.core.kernels import descent, kinematics, residual
from ik_gd.core.kinematics import checked_joints
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose, checked_transform


def distance_from_target(
    chain: Chain, objective: Objective, target: Pose | ArrayLike, q: ArrayLike
) -> float:
    """Return the cost 1/2 sum (weight * error)^2 of standing at `q`.

    Args:
        chain: the arm.
        objective: which errors count.
        target: a Pose or (4, 4) in the base frame.
        q: (n,) [rad or m].

    Raises:
        TargetError: a target or `q` that is not usable.
    """
    tip = kinematics.forward(chain.segments, checked_joints(chain, q))
    frame = np.concatenate([tip[:3, :3].T.ravel(), tip[:3, 3]])
    return float(residual.residual(frame, _matrix(target), objective.task, np.empty(6)))


def partial_gradient(
    chain: Chain,
    objective: Objective,
    target: Pose | ArrayLike,
    q: NDArray[np.float64],
    joint: int,
    sampling_distance: float,
) -> float:
    """Return how much the cost grows when one `joint` moves on, per unit of its motion."""
    ahead = q.copy()
    ahead[joint] += sampling_distance
    here = distance_from_target(chain, objective, target, q)
    there = distance_from_target(chain, objective, target, ahead)
    return (there - here) / sampling_distance


def sampled_gradient(
    chain: Chain,
    objective: Objective,
    target: Pose | ArrayLike,
    q: ArrayLike,
    sampling_distance: float = 1e-6,
    central: bool = False,
) -> NDArray[np.float64]:
    """Return the gradient (n,) of the cost by sampling each joint a little further on.

    Args:
        chain: the arm.
        objective: which errors count.
        target: a Pose or (4, 4) in the base frame.
        q: (n,) [rad or m].
        sampling_distance: [rad or m].
        central: sample on both sides: twice the work, and an error of second order only.

    Raises:
        TargetError: a target or `q` that is not usable.
    """
    q = checked_joints(chain, q)
    steps = (sampling_distance, -sampling_distance) if central else (sampling_distance,)
    return np.array(
        [
            np.mean([partial_gradient(chain, objective, target, q, j, d) for d in steps])
            for j in range(chain.dof)
        ]
    )


def exact_gradient(
    chain: Chain, objective: Objective, target: Pose | ArrayLike, q: ArrayLike
) -> NDArray[np.float64]:
    """Return the gradient (n,) of the cost from the Jacobian: minus C e, see docs/solver.md.

    Args:
        chain: the arm.
        objective: which errors count.
        target: a Pose or (4, 4) in the base frame.
        q: (n,) [rad or m].

    Raises:
        TargetError: a target or `q` that is not usable.
    """
    return derivatives(chain, objective, _matrix(target), checked_joints(chain, q))[1]


def derivatives(
    chain: Chain, objective: Objective, target: NDArray[np.float64], q: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return minus the weighted error's derivative (n, 6) and the cost's gradient (n,); unchecked.

    Args:
        chain: the arm.
        objective: which errors count.
        target: (4, 4).
        q: (n,).
    """
    n, m = chain.dof, chain.segments.shape[0] - 1
    work, columns, slope = np.empty(descent.scratch_size(m, n)), np.empty((n, 6)), np.empty(n)
    descent.differentiate_at(chain.segments, objective.task, target, q, work, columns, slope)
    return columns, slope


def _matrix(target: Pose | ArrayLike) -> NDArray[np.float64]:
    T = target.matrix if isinstance(target, Pose) else checked_transform(target)
    return np.require(T, np.float64, ['C', 'W'])
