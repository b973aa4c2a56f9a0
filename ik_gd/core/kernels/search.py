"""A whole search: short descents from the start and then from points spread over the limits."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import (
    CONVERGED,
    ERROR,
    SPENT,
    Problem,
    Scratch,
    descend,
    evaluate,
    scratch_from,
)
from ik_gd.core.kernels.layout import (
    DESCENT_BUDGET,
    FROM_START,
    PATIENCE,
    TOTAL_BUDGET,
)
from ik_gd.core.kernels.seeds import Array32, measure, next_nearest

Array = NDArray[np.float64]


class Seeds(NamedTuple):
    """Where restarts begin; see seeds.fill_samples and seeds.measure.

    Attributes:
        samples: (N, n).
        keys: (KEYS * N,).
        distances: (N + N / BLOCK,) work space.
    """

    samples: Array
    keys: Array32
    distances: Array32


# The columns of `outcome` behind the n joint positions.
CODE, POSITION_ERROR, ROTATION_ERROR, COST, ITERATIONS, RESTARTS = 0, 1, 2, 3, 4, 5
OUTCOME_WIDTH = 6

BAD_TARGET, BAD_START, BAD_BOUNDS = -1, -2, -3
_ROTATION_TOLERANCE = 1e-6


@kernel
def is_transform(T: Array) -> bool:
    """Say whether `T` (4, 4) is finite, rigid and right-handed within 1e-6."""
    for i in range(4):
        for j in range(4):
            if not abs(T[i, j]) < 1e300:
                return False
    for i in range(3):
        for j in range(i + 1):
            dot = T[0, i] * T[0, j] + T[1, i] * T[1, j] + T[2, i] * T[2, j]
            if abs(dot - (1.0 if i == j else 0.0)) > _ROTATION_TOLERANCE:
                return False
    volume = (
        T[0, 0] * (T[1, 1] * T[2, 2] - T[1, 2] * T[2, 1])
        - T[0, 1] * (T[1, 0] * T[2, 2] - T[1, 2] * T[2, 0])
        + T[0, 2] * (T[1, 0] * T[2, 1] - T[1, 1] * T[2, 0])
    )
    bottom = abs(T[3, 0]) + abs(T[3, 1]) + abs(T[3, 2]) + abs(T[3, 3] - 1.0)
    return volume > 0.0 and bottom <= _ROTATION_TOLERANCE


@kernel
def search(
    problem: Problem,
    settings: Array,
    seeds: Seeds,
    from_start: bool,
    q: Array,
    best: Array,
    scratch: Scratch,
) -> tuple[int, float, int, int]:
    """Descend from `q`, then from ever farther seeds, until on target or the budget is spent.

    Args:
        problem: what is asked.
        settings: see layout.
        seeds: where restarts begin.
        from_start: whether `q` holds a start to be tried first.
        q: (n,) start, inside the limits; work space afterwards.
        best: (n,) out: the solution, or the point of the lowest cost that was met.
        scratch: work space.

    Returns:
        CONVERGED or SPENT, the cost at `best`, iterations, restarts.
    """
    n, count = q.shape[0], seeds.samples.shape[0]
    budget = int(settings[TOTAL_BUDGET])
    lowest = np.inf
    spent = 0
    descents = 0
    while True:
        if descents > 0 or not from_start:
            if descents == (1 if from_start else 0):
                measure(problem.task, problem.target, seeds.keys, seeds.distances)
            seed = next_nearest(seeds.distances, count)
            if seed < 0:
                return SPENT, lowest, spent, descents
            for j in range(n):
                q[j] = seeds.samples[seed, j]
        # Hasty at first: most failing descents show it by their first slow step.
        patience = int(settings[PATIENCE]) + descents // 32
        share = min(int(settings[DESCENT_BUDGET]), budget - spent)
        code, cost, used = descend(problem, settings, q, scratch, share, patience)
        spent += used
        if code == CONVERGED or cost < lowest:
            lowest = cost
            for j in range(n):
                best[j] = q[j]
        if code == CONVERGED or spent >= budget:
            return code, lowest, spent, descents
        descents += 1


@kernel
def report(
    q: Array, code: int, cost: float, spent: int, restarts: int, error: Array, outcome: Array
) -> None:
    """Write what Python is told into `outcome` (n + OUTCOME_WIDTH,)."""
    n = q.shape[0]
    for j in range(n):
        outcome[j] = q[j]
    e = error
    outcome[n + CODE] = code
    outcome[n + POSITION_ERROR] = sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2])
    outcome[n + ROTATION_ERROR] = sqrt(e[3] * e[3] + e[4] * e[4] + e[5] * e[5])
    outcome[n + COST] = cost
    outcome[n + ITERATIONS] = spent
    outcome[n + RESTARTS] = restarts


@kernel
def solve(
    segments: Array,
    limits: Array,
    tasks: Array,
    settings: Array,
    samples: Array,
    keys: Array,
    distances: Array,
    target: Array,
    q_start: Array,
    work: Array,
    outcome: Array,
) -> int:
    """Solve one target from Python: one compiled call, nothing allocated.

    Args:
        segments: (m + 1, 16).
        limits: (2, n) lower and upper.
        tasks: (2, TASK_WIDTH): as asked, and as searched for.
        settings: (SETTINGS_WIDTH,).
        samples: (N, n), see seeds.
        keys: (7 N,).
        distances: (N + N / BLOCK,) work space.
        target: (4, 4).
        q_start: (n,).
        work: (2 n + scratch_size,).
        outcome: (n + OUTCOME_WIDTH,) out.
    """
    n = limits.shape[1]
    if not is_transform(target):
        return BAD_TARGET
    problem = Problem(segments, limits[0], limits[1], tasks[1], target)
    scratch = scratch_from(work[2 * n :], segments.shape[0] - 1, n)
    q, best = work[:n], work[n : 2 * n]
    for j in range(n):
        if not abs(q_start[j]) < 1e300:
            return BAD_START
        q[j] = min(max(q_start[j], limits[0, j]), limits[1, j])
    seeds = Seeds(samples, keys, distances)
    from_start = settings[FROM_START] != 0.0
    code, cost, spent, restarts = search(problem, settings, seeds, from_start, q, best, scratch)
    if code != CONVERGED:
        evaluate(problem, best, scratch, scratch.rows[ERROR])
    report(best, code, cost, spent, restarts, scratch.rows[ERROR], outcome)
    return code


@kernel
def track(
    segments: Array,
    limits: Array,
    task: Array,
    settings: Array,
    target: Array,
    q_start: Array,
    work: Array,
    outcome: Array,
    budget: int,
) -> int:
    """Descend from `q_start` inside `limits` only; arguments as for `solve`."""
    n = limits.shape[1]
    if not is_transform(target):
        return BAD_TARGET
    problem = Problem(segments, limits[0], limits[1], task, target)
    scratch = scratch_from(work[2 * n :], segments.shape[0] - 1, n)
    q = work[:n]
    for j in range(n):
        if not abs(q_start[j]) < 1e300:
            return BAD_START
        if not limits[0, j] <= limits[1, j]:
            return BAD_BOUNDS
        q[j] = min(max(q_start[j], limits[0, j]), limits[1, j])
    code, cost, spent = descend(problem, settings, q, scratch, budget, 1 << 30)
    report(q, code, cost, spent, 0, scratch.rows[ERROR], outcome)
    return code
