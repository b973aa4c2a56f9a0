"""One target in, the outcome out: a search or a pursuit between checked input and its reason."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import (
    CONVERGED,
    ERROR,
    STALLED,
    Problem,
    Scratch,
    differentiate,
    evaluate,
    hold_at_limits,
    scratch_from,
    scratch_size,
)
from ik_gd.core.kernels.layout import REACH, TOTAL_BUDGET, WEIGHTS
from ik_gd.core.kernels.model import Model, is_finite, is_transform, unpack
from ik_gd.core.kernels.search import best_effort, pursue, search
from ik_gd.core.kernels.seeds import Array32

Array = NDArray[np.float64]

# What a solve returns beside the joint positions, which are at the beginning of `work`.
Outcome = tuple[int, float, float, int, int, float]
CODE, POSITION_ERROR, ROTATION_ERROR, ITERATIONS, RESTARTS, COST = 0, 1, 2, 3, 4, 5
OUTCOME_WIDTH = 6

AT_LIMIT, OUT_OF_REACH = 3, 4  # codes beyond those of a descent
BAD_TARGET, BAD_START, BAD_BOUNDS = -1, -2, -3

# Where a solve may begin.
ANYWHERE, START_FIRST, START_ONLY = 0, 1, 2


@kernel
def reason(model: Model, problem: Problem, best: Array, scratch: Scratch, code: int) -> int:
    """Say why `best` is not on target: a more telling code, where there is one."""
    T, s = problem.target, model.segments
    dx, dy, dz = T[0, 3] - s[0, 9], T[1, 3] - s[0, 10], T[2, 3] - s[0, 11]
    far = sqrt(dx * dx + dy * dy + dz * dz) > model.settings[REACH]
    evaluate(problem, best, scratch, scratch.rows[ERROR])
    differentiate(problem, scratch)
    hold_at_limits(problem, scratch, best)
    if far:
        return OUT_OF_REACH
    if code == STALLED:
        for j in range(best.shape[0]):
            if scratch.free[j] == 0.0:
                return AT_LIMIT
    return code


@kernel
def unwind(model: Model, problem: Problem, q_near: Array, best: Array) -> None:
    """Turn joints by whole turns to where they are nearest to `q_near`, inside the limits."""
    for j in range(best.shape[0]):
        period = model.periods[j]
        if period > 0.0:
            turned = best[j] + period * np.rint((q_near[j] - best[j]) / period)
            if turned < problem.lower[j]:
                turned += period
            if turned > problem.upper[j]:
                turned -= period
            if problem.lower[j] <= turned <= problem.upper[j]:
                best[j] = turned


@kernel
def outcome(task: Array, error: Array, code: int, spent: int, restarts: int) -> Outcome:
    """Return what Python is told, with the cost as the user weighs it."""
    e = error
    cost = 0.0
    for i in range(6):
        cost += 0.5 * (task[WEIGHTS + i] * e[i]) ** 2
    position = sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2])
    rotation = sqrt(e[3] * e[3] + e[4] * e[4] + e[5] * e[5])
    return code, position, rotation, spent, restarts, cost


@kernel
def refusal(code: int) -> Outcome:
    """Return the outcome of a solve that was not begun."""
    return code, np.inf, np.inf, 0, 0, np.inf


@kernel
def begin_at(target: Array, q_start: Array, lower: Array, upper: Array, q: Array) -> int:
    """Fill `q` (n,) with the start inside the limits; return BAD_... if the input is, else 0."""
    n = lower.shape[0]
    if not is_transform(target):
        return BAD_TARGET
    if not is_finite(q_start, n):
        return BAD_START
    for j in range(n):
        if not lower[j] <= upper[j]:
            return BAD_BOUNDS
        q[j] = min(max(q_start[j], lower[j]), upper[j])
    return 0


@kernel
def solve_one(
    model: Model,
    lower: Array,
    upper: Array,
    ranking: Array32,
    work: Array,
    target: Array,
    q_start: Array,
    begin: int,
    budget: int,
) -> Outcome:
    """Solve one target; see `solve`."""
    n = lower.shape[0]
    best, q = work[:n], work[n : 2 * n]
    refused = begin_at(target, q_start, lower, upper, q)
    if refused < 0:
        return refusal(refused)
    scratch = scratch_from(work[2 * n :], model.segments.shape[0] - 1, n)
    asked = Problem(model.segments, lower, upper, model.asked, target)
    if begin == START_ONLY:
        code, _, spent, descents = pursue(model, asked, q, best, scratch, budget)
    else:
        problem = Problem(model.segments, lower, upper, model.searched, target)
        code, _, spent, descents = search(
            model, problem, ranking, begin == START_FIRST, q, best, scratch
        )
        if code != CONVERGED:
            dense = work[work.shape[0] - (2 * n + 2) * n :].reshape(2 * n + 2, n)
            left = int(model.settings[TOTAL_BUDGET]) - spent
            code, _, used, more = best_effort(model, asked, ranking, q, best, scratch, dense, left)
            spent, descents = spent + used, descents + more
        unwind(model, asked, q_start, best)
    if code != CONVERGED:
        code = reason(model, asked, best, scratch, code)
    return outcome(model.asked, scratch.rows[ERROR], code, spent, descents - 1)


@kernel
def solve(
    packed: Array,
    limits: Array,
    ranking: Array32,
    work: Array,
    target: Array,
    q_start: Array,
    begin: int,
    budget: int,
) -> Outcome:
    """Solve one target: one compiled call from Python, nothing allocated.

    Args:
        packed: (-1,) see model.pack.
        limits: (2, n) lower and upper.
        ranking: (ranking_size,) see search.search.
        work: (work_size,); begins with the joint positions (n,) afterwards.
        target: (4, 4), checked here.
        q_start: (n,), checked here.
        begin: ANYWHERE, START_FIRST or START_ONLY.
        budget: forward kinematics to spend with START_ONLY.

    Returns:
        CONVERGED, STALLED, SPENT, AT_LIMIT, OUT_OF_REACH, or BAD_... where the input is; the
        errors in position [m] and rotation [rad], iterations, restarts, the cost.
    """
    model = unpack(packed)
    return solve_one(model, limits[0], limits[1], ranking, work, target, q_start, begin, budget)


def work_size(m: int, n: int) -> int:
    """Return how many numbers of work space a solver of m segments and n joints needs."""
    return 2 * n + scratch_size(m, n) + (2 * n + 2) * n
