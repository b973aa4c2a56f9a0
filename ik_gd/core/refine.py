"""Better solutions among those that serve the task: terms descend where the tip stays put.

A step goes down the terms' slope, projected on the joint motions that do not move the tip
(A. Liegeois, Automatic supervisory control of the configuration and behavior of multibody
mechanisms, 1977), and back onto the target by the main descent. It is kept only when the main
task is served as well as before: no term can spoil a target that can be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.gradient import derivatives
from ik_gd.core.solution import Solution

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver

Array = NDArray[np.float64]

_LONGEST = 0.3  # [rad or m] of a joint's step
_CORRECTION = 12  # forward kinematics to get back onto the target
_RANK = 1e-5  # singular values below it, against the largest, count as free motion
_SLACK = 1e-9  # of the main cost, which a step may not raise


def refine(
    solver: Solver,
    target: Array,
    solution: Solution,
    q_previous: Array,
    limits: Array,
    iterations: int,
) -> Solution:
    """Return a solution as good as `solution`, with lower terms.

    Args:
        solver: whose objective has terms.
        target: (4, 4).
        solution: where to begin.
        q_previous: (n,) where the solve began.
        limits: (2, n) bounds.
        iterations: steps at most.
    """
    lower, upper = limits
    chain, terms = solver.chain, solver.objective.terms

    def value(q: Array) -> float:
        return sum(term.value(chain, q, q_previous) for term in terms)

    at = value(solution.q)
    length = 1.0
    for _ in range(iterations):
        slope = np.sum([t.gradient(chain, solution.q, q_previous) for t in terms], axis=0)
        step = _free_motion(solver, target, solution.q, -slope, lower, upper)
        largest = np.abs(step).max()
        if largest < 1e-7 or not np.isfinite(largest):
            break
        length = min(2.0 * length, _LONGEST / largest)
        for _ in range(10):
            q = np.clip(solution.q + length * step, lower, upper)
            moved = solver.descend_only(target, q, lower, upper, _CORRECTION)
            there = value(moved.q)
            if _serves(moved, solution) and there < at:
                break
            length *= 0.5
        else:
            break
        spent = solution.iterations + moved.iterations
        solution = moved._replace(iterations=spent, restarts=solution.restarts)
        if at - there < 1e-9 * max(1.0, abs(at)):
            break
        at = there
    return solution


def _serves(moved: Solution, solution: Solution) -> bool:
    """Say whether `moved` does the main task as well as `solution`."""
    if solution.converged:
        return moved.converged
    return moved.converged or moved.cost <= solution.cost * (1.0 + _SLACK)


def _free_motion(
    solver: Solver, target: Array, q: Array, wish: Array, lower: Array, upper: Array
) -> Array:
    """Return the part of `wish` (n,) that neither moves the tip nor leads out of the bounds."""
    columns = derivatives(solver.chain, solver.objective, target, q)[0]
    free = np.ones(q.size, dtype=bool)
    step = np.zeros(q.size)
    for _ in range(q.size):
        used = columns * free[:, None]
        U, sigma, _ = np.linalg.svd(used, full_matrices=False)
        U = U[:, sigma > _RANK * max(sigma[0], 1e-300)]
        step = free * wish
        step -= U @ (U.T @ step)
        step *= free
        out = free & (((q <= lower) & (step < 0.0)) | ((q >= upper) & (step > 0.0)))
        if not out.any():
            break
        free &= ~out
    return step
