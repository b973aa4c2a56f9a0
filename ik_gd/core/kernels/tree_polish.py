"""The last part of a best effort for several tips; as polish.py, for the sum of their costs."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.polish import newton_step, promise
from ik_gd.core.kernels.tree import (
    FREE,
    SLOPE,
    STEP,
    TRIAL,
    TreeProblem,
    TreeScratch,
    differentiate_tree,
    evaluate_tree,
    hold_tree_at_limits,
)

Array = NDArray[np.float64]

_SAMPLING_DISTANCE = 1e-6  # [rad or m] of the differences
_LEAST_GRADIENT = 1e-11
_SMALL_GRADIENT = 1e-6  # where no step helps any more, rounding is what is left
_MARGIN = 4.0  # as in polish.py


@kernel
def fill_tree_hessian(
    problem: TreeProblem, q: Array, scratch: TreeScratch, H: Array, slope: Array
) -> None:
    """Fill `H` (n, n), symmetric, with the cost's second derivative at `q`; `slope` is given."""
    n = q.shape[0]
    for j in range(n):
        at = q[j]
        q[j] = at + _SAMPLING_DISTANCE
        evaluate_tree(problem, q, scratch)
        differentiate_tree(problem, scratch)
        q[j] = at
        for i in range(n):
            H[i, j] = (scratch.joints[SLOPE, i] - slope[i]) / _SAMPLING_DISTANCE
    for i in range(n):
        for j in range(i):
            H[i, j] = H[j, i] = 0.5 * (H[i, j] + H[j, i])


@kernel(allocates=True)
def polish_tree(
    problem: TreeProblem, q: Array, scratch: TreeScratch, budget: int, floor: float
) -> tuple[float, int, bool]:
    """Move `q` to the minimum of the cost that it is near to.

    Args:
        problem: what is asked.
        q: (n,) inside the limits; changed in place.
        scratch: work space; holds the errors at `q` afterwards.
        budget: evaluations of the tree to spend, about.
        floor: a cost known from elsewhere: give up when the minimum is going to be above it.

    Returns:
        The cost, the evaluations spent, whether the projected gradient vanishes.
    """
    s, n = scratch, q.shape[0]
    H, slope = np.empty((n, n)), np.empty(n)
    free, step, trial = s.joints[FREE], s.joints[STEP], s.joints[TRIAL]
    lower, upper = problem.lower, problem.upper
    cost = evaluate_tree(problem, q, s)
    spent, shift = 1, 0.0
    while spent < budget:
        differentiate_tree(problem, s)
        hold_tree_at_limits(problem, s, q)
        largest = 0.0
        for j in range(n):
            slope[j] = s.joints[SLOPE, j]
            largest = max(largest, abs(slope[j]) * free[j])
        if largest < _LEAST_GRADIENT * max(1.0, sqrt(cost)):
            return cost, spent, True
        fill_tree_hessian(problem, q, s, H, slope)
        spent += n
        lowered = np.inf
        for _ in range(30):
            if newton_step(H, slope, free, shift, s.L, step):
                if shift == 0.0 and cost - _MARGIN * promise(slope, free, step) > floor:
                    evaluate_tree(problem, q, s)
                    return cost, spent, False
                for j in range(n):
                    trial[j] = min(max(q[j] + step[j], lower[j]), upper[j])
                lowered = evaluate_tree(problem, trial, s)
                spent += 1
                if lowered < cost:
                    break
            shift = max(4.0 * shift, 1e-4)
        if not lowered < cost:
            evaluate_tree(problem, q, s)
            return cost, spent, largest < _SMALL_GRADIENT
        shift = 0.0 if shift <= 1e-4 else 0.1 * shift
        cost = lowered
        for j in range(n):
            q[j] = trial[j]
    return cost, spent, False
