"""The last part of a best effort: Newton steps to the exact minimum of the cost.

Far from its target the tip's residual does not vanish, and a damped least-squares step, which
leaves the residual's own curvature out, only creeps. Here the whole Hessian is taken, by
differences of the exact gradient, over the joints that are not held at a limit
(J. Nocedal and S. Wright, Numerical Optimization, 2006, sections 3.4, 8.1 and 16.7).
"""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import (
    ERROR,
    TRIAL,
    Problem,
    Scratch,
    differentiate,
    evaluate,
    hold_at_limits,
)

Array = NDArray[np.float64]

_SAMPLING_DISTANCE = 1e-6  # [rad or m] of the differences
_LEAST_GRADIENT = 1e-11
_MARGIN = 4.0  # a minimum lies at most so many times lower than the quadratic model promises


@kernel
def fill_hessian(problem: Problem, q: Array, scratch: Scratch, H: Array, slope: Array) -> None:
    """Fill `H` (n, n), symmetric, with the cost's second derivative at `q`; `slope` is given."""
    n = q.shape[0]
    for j in range(n):
        at = q[j]
        q[j] = at + _SAMPLING_DISTANCE
        evaluate(problem, q, scratch, scratch.rows[ERROR])
        differentiate(problem, scratch)
        q[j] = at
        for i in range(n):
            H[i, j] = (scratch.slope[i] - slope[i]) / _SAMPLING_DISTANCE
    for i in range(n):
        for j in range(i):
            H[i, j] = H[j, i] = 0.5 * (H[i, j] + H[j, i])


@kernel
def newton_step(H: Array, slope: Array, free: Array, shift: float, L: Array, step: Array) -> bool:
    """Solve (H + shift I) step = -slope over the free joints; False: not positive definite."""
    n = slope.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = H[i, j] * free[i] * free[j]
            if i == j:
                total += shift if free[i] != 0.0 else 1.0
            for k in range(j):
                total -= L[i, k] * L[j, k]
            if i == j:
                if not total > 1e-12:
                    return False
                L[i, i] = sqrt(total)
            else:
                L[i, j] = total / L[j, j]
    for i in range(n):
        total = -slope[i] * free[i]
        for k in range(i):
            total -= L[i, k] * step[k]
        step[i] = total / L[i, i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            step[i] -= L[k, i] * step[k]
        step[i] /= L[i, i]
    return True


@kernel
def promise(slope: Array, free: Array, step: Array) -> float:
    """Return by how much the quadratic model says that a Newton `step` lowers the cost."""
    total = 0.0
    for j in range(slope.shape[0]):
        total -= 0.5 * slope[j] * free[j] * step[j]
    return total


@kernel
def polish(
    problem: Problem, q: Array, scratch: Scratch, dense: Array, budget: int, floor: float
) -> tuple[float, int, bool]:
    """Move `q` to the minimum of the cost that it is near to.

    Args:
        problem: what is asked.
        q: (n,) inside the limits; changed in place.
        scratch: work space; holds the frames and the error at `q` afterwards.
        dense: (2 n + 2, n) work space.
        budget: forward kinematics to spend, about.
        floor: a cost known from elsewhere: give up when the minimum is going to be above it.

    Returns:
        The cost, the forward kinematics spent, whether the projected gradient vanishes.
    """
    s, n = scratch, q.shape[0]
    H, L, slope, step = dense[:n], dense[n : 2 * n], dense[2 * n], dense[2 * n + 1]
    lower, upper = problem.lower, problem.upper
    cost = evaluate(problem, q, s, s.rows[ERROR])
    spent, shift = 1, 0.0
    while spent < budget:
        differentiate(problem, s)
        hold_at_limits(problem, s, q)
        largest = 0.0
        for j in range(n):
            slope[j] = s.slope[j]
            largest = max(largest, abs(slope[j]) * s.free[j])
        if largest < _LEAST_GRADIENT * max(1.0, sqrt(cost)):
            return cost, spent, True
        fill_hessian(problem, q, s, H, slope)
        spent += n
        lowered = np.inf
        for _ in range(30):
            if newton_step(H, slope, s.free, shift, L, step):
                if shift == 0.0 and cost - _MARGIN * promise(slope, s.free, step) > floor:
                    evaluate(problem, q, s, s.rows[ERROR])
                    return cost, spent, False
                for j in range(n):
                    s.trial[j] = min(max(q[j] + step[j], lower[j]), upper[j])
                lowered = evaluate(problem, s.trial, s, s.rows[TRIAL])
                spent += 1
                if lowered < cost:
                    break
            shift = max(4.0 * shift, 1e-4)
        # A joint that stood at its limit and is let go, or one that has just come to it, changes
        # which joints count: only a step without decrease ends the descent.
        if not lowered < cost:
            evaluate(problem, q, s, s.rows[ERROR])
            return cost, spent, largest < 1e-6
        shift = 0.0 if shift <= 1e-4 else 0.1 * shift
        cost = lowered
        for j in range(n):
            q[j] = s.trial[j]
        evaluate(problem, q, s, s.rows[ERROR])
    return cost, spent, False
