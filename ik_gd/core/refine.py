"""Better solutions among those that serve the task: terms descend where the tip stays put.

A step goes down the terms' slope, projected on the joint motions that do not move the tip
(A. Liegeois, Automatic supervisory control of the configuration and behavior of multibody
mechanisms, 1977), and back onto the target by the main descent. It is kept only when the main
task is served as well as before: no term can spoil a target that can be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.gradient import derivatives
from ik_gd.core.solution import MultiTipSolution, Solution

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver

_S = TypeVar('_S', Solution, MultiTipSolution)
_Answer = TypeVar('_Answer', Solution, MultiTipSolution, covariant=True)

Array = NDArray[np.float64]

_LONGEST = 0.3  # [rad or m] of a joint's step
_CORRECTION = 12  # forward kinematics to get back onto the target
_RANK = 1e-5  # singular values below it, against the largest, count as free motion
_SLACK = 1e-9  # of the main cost, which a step may not raise


class Question(Protocol, Generic[_Answer]):
    """One target, or one for each of several tips, as terms see it."""

    def value(self, q: Array) -> float:
        """Return the sum of all terms at `q` (n,)."""

    def slope(self, q: Array) -> Array:
        """Return its gradient (n,)."""

    def columns(self, q: Array) -> Array:
        """Return the directions (n, r) in which the main errors change."""

    def descend(self, q: Array, lower: Array, upper: Array, iterations: int) -> _Answer:
        """Go back onto the target from `q`, inside the bounds, without terms."""


class _OneTip:
    """The question that a Solver is asked."""

    def __init__(self, solver: Solver, target: Array, q_previous: Array) -> None:
        self._solver, self._target, self._q_previous = solver, target, q_previous
        self._chain, self._terms = solver.chain, solver.objective.terms

    def value(self, q: Array) -> float:
        return sum(term.value(self._chain, q, self._q_previous) for term in self._terms)

    def slope(self, q: Array) -> Array:
        slopes = [term.gradient(self._chain, q, self._q_previous) for term in self._terms]
        total: Array = np.sum(slopes, axis=0)
        return total

    def columns(self, q: Array) -> Array:
        return derivatives(self._chain, self._solver.objective, self._target, q)[0]

    def descend(self, q: Array, lower: Array, upper: Array, iterations: int) -> Solution:
        return self._solver.descend_only(self._target, q, lower, upper, iterations)


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
    return improve(_OneTip(solver, target, q_previous), solution, limits, iterations)


def improve(question: Question[_S], solution: _S, limits: Array, iterations: int) -> _S:
    """Return an answer to `question` as good as `solution`, with lower terms; see `refine`."""
    lower, upper = limits
    at = question.value(solution.q)
    length = 1.0
    for _ in range(iterations):
        step = _free_motion(question, solution.q, -question.slope(solution.q), lower, upper)
        largest = np.abs(step).max()
        if largest < 1e-7 or not np.isfinite(largest):
            break
        length = min(2.0 * length, _LONGEST / largest)
        for _ in range(10):
            q = np.clip(solution.q + length * step, lower, upper)
            moved = question.descend(q, lower, upper, _CORRECTION)
            there = question.value(moved.q)
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


def _serves(moved: _S, solution: _S) -> bool:
    """Say whether `moved` does the main task as well as `solution`."""
    if solution.converged:
        return moved.converged
    return moved.converged or moved.cost <= solution.cost * (1.0 + _SLACK)


def _free_motion(
    question: Question[_S], q: Array, wish: Array, lower: Array, upper: Array
) -> Array:
    """Return the part of `wish` (n,) that neither moves the tip nor leads out of the bounds."""
    columns = question.columns(q)
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
