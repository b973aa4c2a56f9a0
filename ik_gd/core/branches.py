"""More than one solution: all that are found, and the one nearest to a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels import seeds
from ik_gd.core.solution import Solution

if TYPE_CHECKING:
    from ik_gd.core.solver import Solver

Array = NDArray[np.float64]
Expired = Callable[[], bool]

_DESCENT = 30  # forward kinematics of one descent


def descents(solver: Solver, target: Array, q_near: Array, count: int) -> Iterator[Solution]:
    """Yield what descents from `q_near` and then from ever farther samples end with.

    Args:
        solver: at work.
        target: (4, 4).
        q_near: (n,) tried first; whole turns are undone towards it.
        count: of descents.
    """
    lower, upper = solver.limits
    yield solver.descend_only(target, np.clip(q_near, lower, upper), lower, upper, _DESCENT)
    samples = solver.samples
    seeds.measure(solver.searched, target, len(samples), solver.ranking)
    for _ in range(min(count, len(samples)) - 1):
        start = samples[seeds.next_nearest(len(samples), solver.ranking)]
        solution = solver.descend_only(target, start, lower, upper, _DESCENT)
        yield solution._replace(q=solver.unwound(solution.q, q_near))


def solve_all(
    solver: Solver,
    target: Array,
    q_near: Array,
    count: int,
    separation: float,
    expired: Expired | None,
) -> list[Solution]:
    """Return the distinct solutions found, the nearest to `q_near` first; see Solver.solve_all."""
    found: list[Solution] = []
    for solution in descents(solver, target, q_near, count):
        if solution.converged and all(
            np.abs(solution.q - other.q).max() > separation for other in found
        ):
            found.append(solution)
        if expired is not None and expired():
            break
    return sorted(found, key=lambda solution: float(np.linalg.norm(solution.q - q_near)))


def solve_until(
    solver: Solver, target: Array, q_near: Array, count: int, expired: Expired
) -> Solution:
    """Return the first converged solution, or the best when `expired()` or `count` is reached."""
    best: Solution | None = None
    spent, begun = 0, 0
    for solution in descents(solver, target, q_near, count):
        spent, begun = spent + solution.iterations, begun + 1
        if best is None or solution.cost < best.cost or solution.converged:
            best = solution
        if solution.converged or expired():
            break
    assert best is not None  # there is a descent at least
    return best._replace(iterations=spent, restarts=begun - 1)
