"""A whole solve for several tips: descents from a start and from samples, then the best effort."""

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import CONVERGED, SPENT, STALLED
from ik_gd.core.kernels.kinematics import fill_columns
from ik_gd.core.kernels.residual import weigh_columns
from ik_gd.core.kernels.seeds import spread
from ik_gd.core.kernels.tree import (
    Integers,
    TreeProblem,
    TreeScratch,
    descend_tree,
    differentiate_tree,
    evaluate_tree,
    hold_tree_at_limits,
    tree_on_target,
    tree_scratch,
)
from ik_gd.core.kernels.tree_polish import polish_tree

Array = NDArray[np.float64]

AT_LIMIT = 3  # beyond the codes of a descent

# How patient a search is.
TRACK, HASTY, PATIENT = 0, 1, 2

_KICK = 0.02  # [rad or m]
_ENDLESS = 1 << 30
_PATIENT_BUDGET = 1000  # evaluations that settling one descent may take


@kernel(allocates=True)
def solve_tree(
    segments: Array,
    ends: Integers,
    limits: Array,
    ranges: Array,
    tasks: Array,
    settings: Array,
    targets: Array,
    q_start: Array,
    errors: Array,
    mode: int,
    first: int,
    descents: int,
    budget: int,
    offset: float,
) -> tuple[int, Array, float, int, int]:
    """Solve for all tips: from `q_start`, then from points spread over `ranges` (2, n).

    Args:
        segments: see TreeProblem, as `ends`, `tasks` and `targets`.
        ends: (K + 1,).
        limits: (2, n).
        ranges: (2, n), finite.
        tasks: (K, TASK_WIDTH).
        settings: see layout.
        targets: (K, 4, 4).
        q_start: (n,) inside the limits.
        errors: (K, 6) out, at the joints that are returned.
        mode: TRACK (one descent, no jump), HASTY, or PATIENT: each descent that may be the best
            is brought to the very minimum.
        first: number of the first descent; 0 is the one from `q_start`.
        descents: how many at most.
        budget: evaluations of one descent.
        offset: moves the points of the restarts about.

    Returns:
        CONVERGED, STALLED, SPENT or AT_LIMIT; the joints (n,); the cost; evaluations; descents.
    """
    n = q_start.shape[0]
    problem = TreeProblem(segments, ends, limits[0], limits[1], tasks, targets)
    scratch = tree_scratch(segments.shape[0], n, errors)
    best, q = q_start.copy(), q_start.copy()
    lowest, ended, spent = np.inf, SPENT, 0
    for descent in range(first, first + descents):
        if descent > 0:
            spread(q, ranges, offset + descent)
        patience = _ENDLESS if descent == 0 else 4 + min(descent, 100) // 8
        code, cost, used = descend_tree(problem, settings, q, scratch, budget, patience)
        spent += used
        if mode == PATIENT and code != CONVERGED and cost < 2.0 * lowest:
            cost, used, settled = polish_tree(problem, q, scratch, _PATIENT_BUDGET, lowest)
            spent += used
            code = STALLED if settled else SPENT
            if tree_on_target(problem, scratch):
                code = CONVERGED
        if code == CONVERGED or cost < lowest:
            lowest, ended = cost, code
            best[:] = q
        if code == CONVERGED:
            return code, best, lowest, spent, descent - first + 1
    if mode == TRACK and ended == STALLED and spent < budget:
        code, cost, used = kick(problem, settings, q, scratch, budget - spent)
        spent += used
        if cost < (1.0 - 1e-6) * lowest:
            lowest, ended = cost, code
            best[:] = q
    evaluate_tree(problem, best, scratch)
    differentiate_tree(problem, scratch)
    if hold_tree_at_limits(problem, scratch, best) and ended == STALLED:
        ended = AT_LIMIT
    return ended, best, lowest, spent, descents


@kernel
def kick(
    problem: TreeProblem, settings: Array, q: Array, scratch: TreeScratch, budget: int
) -> tuple[int, float, int]:
    """Move `q` a little, always the same way, and descend; as search.pursue."""
    for j in range(q.shape[0]):
        step = _KICK if j % 2 == 0 else -_KICK
        if not problem.lower[j] <= q[j] + step <= problem.upper[j]:
            step = -step
        q[j] = min(max(q[j] + step, problem.lower[j]), problem.upper[j])
    return descend_tree(problem, settings, q, scratch, budget, _ENDLESS)


@kernel(allocates=True)
def tree_columns(segments: Array, ends: Integers, tasks: Array, targets: Array, q: Array) -> Array:
    """Return minus the derivative (n, 6 K) of all weighted errors at `q` (n,)."""
    n, count = q.shape[0], tasks.shape[0]
    problem = TreeProblem(segments, ends, q, q, tasks, targets)
    scratch = tree_scratch(segments.shape[0], n, np.zeros((count, 6)))
    evaluate_tree(problem, q, scratch)
    columns = np.zeros((n, 6 * count))
    for k in range(count):
        first, end = ends[k], ends[k + 1]
        fill_columns(segments[first:end], scratch.frames[first:end], 1.0, 1.0, scratch.columns)
        weigh_columns(scratch.frames[end - 1], scratch.errors[k], tasks[k], scratch.columns)
        columns[:, 6 * k : 6 * k + 6] = scratch.columns
    return columns
