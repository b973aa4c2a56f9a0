"""A whole search: short descents from the start and then from points spread over the limits."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import (
    CONVERGED,
    ERROR,
    Problem,
    Scratch,
    descend,
    evaluate,
    scratch_from,
    scratch_size,
)
from ik_gd.core.kernels.layout import (
    DESCENT_BUDGET,
    PATIENCE,
    SETTINGS_WIDTH,
    TASK_WIDTH,
    TOTAL_BUDGET,
    WIDTH,
)
from ik_gd.core.kernels.seeds import KEYS, Array32, measure, next_nearest

Array = NDArray[np.float64]


class Model(NamedTuple):
    """All that a solver never changes, in one array: a call pays for every one it unpacks.

    Attributes:
        segments: (m + 1, 16).
        lower: (n,).
        upper: (n,).
        asked: (TASK_WIDTH,) the task as the user means it.
        searched: (TASK_WIDTH,) the task with the weights that search fastest.
        settings: (SETTINGS_WIDTH,).
        samples: (N, n) where restarts begin.
    """

    segments: Array
    lower: Array
    upper: Array
    asked: Array
    searched: Array
    settings: Array
    samples: Array


@kernel
def unpack(model: Array) -> Model:
    """Return the parts of a packed `model`: m, n, N, and then its arrays in order."""
    m, n, count = int(model[0]), int(model[1]), int(model[2])
    a = 3 + (m + 1) * WIDTH
    b = a + 2 * n
    c = b + 2 * TASK_WIDTH
    d = c + SETTINGS_WIDTH
    return Model(
        model[3:a].reshape(m + 1, WIDTH),
        model[a : a + n],
        model[a + n : b],
        model[b : b + TASK_WIDTH],
        model[b + TASK_WIDTH : c],
        model[c:d],
        model[d:].reshape(count, n),
    )


def pack(
    segments: Array, limits: Array, asked: Array, searched: Array, settings: Array, samples: Array
) -> Array:
    """Return the array that `unpack` takes apart; `limits` (2, n) are lower and upper."""
    head = [segments.shape[0] - 1, limits.shape[1], samples.shape[0]]
    parts = (head, segments, limits, asked, searched, settings, samples)
    return np.concatenate([np.ravel(part) for part in parts])


# `work` begins with the outcome: these fields, then the n joint positions.
CODE, POSITION_ERROR, ROTATION_ERROR, COST, ITERATIONS, RESTARTS = 0, 1, 2, 3, 4, 5
OUTCOME_WIDTH = 6  # fields of the outcome

BAD_TARGET, BAD_START, BAD_BOUNDS = -1, -2, -3
_ROTATION_TOLERANCE = 1e-6


@kernel
def is_transform(T: Array) -> bool:
    """Say whether `T` (4, 4) is finite, rigid and right-handed within 1e-6."""
    if T.shape[0] != 4 or T.shape[1] != 4:
        return False
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
    model: Model,
    problem: Problem,
    ranking: Array32,
    from_start: bool,
    q: Array,
    best: Array,
    scratch: Scratch,
) -> tuple[int, float, int, int]:
    """Descend from `q`, then from ever farther samples, until on target or out of budget.

    Args:
        model: see above.
        problem: what is asked.
        ranking: (8 N,) the keys of the samples, then work space for their distances.
        from_start: whether `q` holds a start to be tried first.
        q: (n,) start, inside the limits; work space afterwards.
        best: (n,) out: the solution, or the point of the lowest cost that was met.
        scratch: work space.

    Returns:
        CONVERGED or SPENT, the cost at `best`, iterations, restarts.
    """
    settings, count = model.settings, model.samples.shape[0]
    keys, distances = ranking[: KEYS * count], ranking[KEYS * count :]
    budget = int(settings[TOTAL_BUDGET])
    lowest = np.inf
    spent, descents, restarts = 0, 0, 0
    while True:
        if descents > 0 or not from_start:
            if restarts == 0:
                measure(problem.task, problem.target, keys, distances)
            seed = next_nearest(distances)
            for j in range(q.shape[0]):
                q[j] = model.samples[seed, j]
            restarts += 1
        # Hasty at first: most failing descents show it by their first slow step.
        patience = int(settings[PATIENCE]) + descents // 32
        share = min(int(settings[DESCENT_BUDGET]), budget - spent)
        code, cost, used = descend(problem, settings, q, scratch, share, patience)
        spent += used
        descents += 1
        if code == CONVERGED or cost < lowest:
            lowest = cost
            for j in range(q.shape[0]):
                best[j] = q[j]
        if code == CONVERGED or spent >= budget:
            return code, lowest, spent, descents - 1


@kernel
def report(
    best: Array, code: int, cost: float, spent: int, restarts: int, error: Array, work: Array
) -> None:
    """Write what Python is told to the head of `work`."""
    e = error
    work[CODE] = code
    work[POSITION_ERROR] = sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2])
    work[ROTATION_ERROR] = sqrt(e[3] * e[3] + e[4] * e[4] + e[5] * e[5])
    work[COST] = cost
    work[ITERATIONS] = spent
    work[RESTARTS] = restarts
    for j in range(best.shape[0]):
        work[OUTCOME_WIDTH + j] = best[j]


@kernel
def solve(
    model: Array, ranking: Array32, work: Array, target: Array, q_start: Array, from_start: int
) -> int:
    """Solve one target: one compiled call from Python, nothing allocated.

    Args:
        model: packed, see Model.
        ranking: (8 N,) see search.
        work: (work_size,); begins with the outcome afterwards.
        target: (4, 4), checked here.
        q_start: (n,), checked here.
        from_start: 1 to try `q_start` first, 0 to ignore it.

    Returns:
        CONVERGED or SPENT, or what is wrong with the input.
    """
    parts = unpack(model)
    n = parts.lower.shape[0]
    if not is_transform(target):
        return BAD_TARGET
    if not is_finite(q_start, n):
        return BAD_START
    q, best = (
        work[OUTCOME_WIDTH + n : OUTCOME_WIDTH + 2 * n],
        work[OUTCOME_WIDTH : OUTCOME_WIDTH + n],
    )
    scratch = scratch_from(work[OUTCOME_WIDTH + 2 * n :], parts.segments.shape[0] - 1, n)
    for j in range(n):
        q[j] = min(max(q_start[j], parts.lower[j]), parts.upper[j])
    problem = Problem(parts.segments, parts.lower, parts.upper, parts.searched, target)
    code, cost, spent, restarts = search(
        parts, problem, ranking, from_start != 0, q, best, scratch
    )
    if code != CONVERGED:
        evaluate(problem, best, scratch, scratch.rows[ERROR])
    report(best, code, cost, spent, restarts, scratch.rows[ERROR], work)
    return code


@kernel
def track(
    model: Array, limits: Array, work: Array, target: Array, q_start: Array, budget: int
) -> int:
    """Descend from `q_start` inside `limits` (2, n) only; otherwise as `solve`."""
    parts = unpack(model)
    n = parts.lower.shape[0]
    if not is_transform(target):
        return BAD_TARGET
    if not is_finite(q_start, n):
        return BAD_START
    q = work[OUTCOME_WIDTH + n : OUTCOME_WIDTH + 2 * n]
    scratch = scratch_from(work[OUTCOME_WIDTH + 2 * n :], parts.segments.shape[0] - 1, n)
    for j in range(n):
        if not limits[0, j] <= limits[1, j]:
            return BAD_BOUNDS
        q[j] = min(max(q_start[j], limits[0, j]), limits[1, j])
    problem = Problem(parts.segments, limits[0], limits[1], parts.asked, target)
    code, cost, spent = descend(problem, parts.settings, q, scratch, budget, 1 << 30)
    report(q, code, cost, spent, 0, scratch.rows[ERROR], work)
    return code


@kernel
def is_finite(q: Array, n: int) -> bool:
    """Say whether `q` holds n finite numbers."""
    finite = q.shape[0] == n
    for j in range(q.shape[0]):
        finite &= abs(q[j]) < 1e300
    return finite


def work_size(m: int, n: int) -> int:
    """Return how many numbers of work space a solver of m segments and n joints needs."""
    return OUTCOME_WIDTH + 2 * n + scratch_size(m, n)
