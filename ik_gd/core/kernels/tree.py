"""Several tips on one tree, in one descent: the errors of all tips, over the joints they share.

The step is the damped one of descent.py; with many tips the n x n form of its system is the
smaller one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import CONVERGED, MOST, SPENT, STALLED
from ik_gd.core.kernels.kinematics import fill_columns, place_frames
from ik_gd.core.kernels.layout import (
    DAMPING,
    LEAST_DAMPING,
    LEAST_STEP,
    SLOW,
    STEP_LIMIT,
    TIGHTEN,
    WEIGHTS,
)
from ik_gd.core.kernels.polish import newton_step
from ik_gd.core.kernels.residual import on_target, residual, weigh_columns

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

# The columns of TreeScratch.joints.
SLOPE, FREE, LEFT, STEP, TRIAL = 0, 1, 2, 3, 4


class TreeProblem(NamedTuple):
    """What is asked of K tips.

    Attributes:
        segments: (M, 16) of all tips, one chain after the other; joints are counted in common.
        ends: (K + 1,) where each tip's segments begin, and where the last end.
        lower: (n,).
        upper: (n,).
        tasks: (K, TASK_WIDTH).
        targets: (K, 4, 4).
    """

    segments: Array
    ends: Integers
    lower: Array
    upper: Array
    tasks: Array
    targets: Array


class TreeScratch(NamedTuple):
    """Work space.

    Attributes:
        turns: (3, M).
        frames: (M, 12).
        columns: (n, 6).
        errors: (K, 6).
        H: (n, n).
        L: (n, n).
        joints: (5, n), see above.
    """

    turns: Array
    frames: Array
    columns: Array
    errors: Array
    H: Array
    L: Array
    joints: Array


@kernel(allocates=True)
def tree_scratch(m: int, n: int, errors: Array) -> TreeScratch:
    """Return work space for M segments and n joints around the `errors` (K, 6)."""
    return TreeScratch(
        np.zeros((3, m)),
        np.zeros((m, 12)),
        np.zeros((n, 6)),
        errors,
        np.zeros((n, n)),
        np.zeros((n, n)),
        np.zeros((5, n)),
    )


@kernel
def evaluate_tree(problem: TreeProblem, q: Array, scratch: TreeScratch) -> float:
    """Place all frames at `q`, fill the errors of all tips and return the common cost."""
    p, s = problem, scratch
    cost = 0.0
    for k in range(p.tasks.shape[0]):
        first, end = p.ends[k], p.ends[k + 1]
        place_frames(p.segments[first:end], q, s.turns, s.frames[first:end])
        cost += residual(s.frames[end - 1], p.targets[k], p.tasks[k], s.errors[k])
    return cost


@kernel
def differentiate_tree(problem: TreeProblem, scratch: TreeScratch) -> None:
    """Fill the slope and the curvature H, the sum of C C^T over the tips."""
    p, s = problem, scratch
    slope, n = s.joints[SLOPE], s.joints.shape[1]
    slope[:] = 0.0
    s.H[:, :] = 0.0
    for k in range(p.tasks.shape[0]):
        first, end = p.ends[k], p.ends[k + 1]
        fill_columns(p.segments[first:end], s.frames[first:end], 1.0, 1.0, s.columns)
        weigh_columns(s.frames[end - 1], s.errors[k], p.tasks[k], s.columns)
        for i in range(n):
            c = s.columns[i]
            for r in range(6):
                slope[i] -= c[r] * p.tasks[k, WEIGHTS + r] * s.errors[k, r]
            for j in range(i + 1):
                for r in range(6):
                    s.H[i, j] += c[r] * s.columns[j, r]
    for i in range(n):
        for j in range(i):
            s.H[j, i] = s.H[i, j]


@kernel
def tree_on_target(problem: TreeProblem, scratch: TreeScratch) -> bool:
    """Say whether every tip is on its target."""
    met = True
    for k in range(problem.tasks.shape[0]):
        met = met and on_target(scratch.errors[k], problem.tasks[k])
    return met


@kernel
def hold_tree_at_limits(problem: TreeProblem, scratch: TreeScratch, q: Array) -> bool:
    """Mark as free the joints that may move, as descent.hold_at_limits; say if any is held."""
    slope, free = scratch.joints[SLOPE], scratch.joints[FREE]
    lower, upper = problem.lower, problem.upper
    held = False
    for j in range(q.shape[0]):
        out = (q[j] <= lower[j] and slope[j] > 0.0) or (q[j] >= upper[j] and slope[j] < 0.0)
        free[j] = 0.0 if out else 1.0
        held = held or out
    return held


@kernel
def tree_step(problem: TreeProblem, scratch: TreeScratch, damping: float, q: Array) -> float:
    """Fill the trial with q + dq, the damped step inside the limits; return max |dq|."""
    n = q.shape[0]
    slope, free, left = scratch.joints[SLOPE], scratch.joints[FREE], scratch.joints[LEFT]
    step, trial = scratch.joints[STEP], scratch.joints[TRIAL]
    lower, upper = problem.lower, problem.upper
    hold_tree_at_limits(problem, scratch, q)
    for j in range(n):
        left[j], trial[j] = slope[j], q[j]
    while True:
        if not newton_step(scratch.H, left, free, damping, scratch.L, step):
            return 0.0
        hit = False
        for j in range(n):
            if free[j] != 0.0:
                trial[j] = q[j] + step[j]
        for j in range(n):
            if free[j] != 0.0 and not lower[j] <= trial[j] <= upper[j]:
                hit, free[j] = True, 0.0
                trial[j] = min(max(trial[j], lower[j]), upper[j])
                for i in range(n):
                    left[i] += scratch.H[i, j] * (trial[j] - q[j])
        if not hit:
            break
    largest = 0.0
    for j in range(n):
        largest = max(largest, abs(trial[j] - q[j]))
    return largest


@kernel
def descend_tree(
    problem: TreeProblem,
    settings: Array,
    q: Array,
    scratch: TreeScratch,
    budget: int,
    patience: int,
) -> tuple[int, float, int]:
    """Move `q` (n,) downhill; as descent.descend, for all tips at once."""
    s, trial = scratch, scratch.joints[TRIAL]
    cost = evaluate_tree(problem, q, s)
    relax, slow, spent = 1.0, 0, 1
    while True:
        if tree_on_target(problem, s):
            return CONVERGED, cost, spent
        if slow >= patience:
            return STALLED, cost, spent
        differentiate_tree(problem, s)
        lowered = np.inf
        while not lowered < cost:
            if spent >= budget:
                evaluate_tree(problem, q, s)
                return SPENT, cost, spent
            damping = relax * settings[DAMPING] * min(cost, MOST) + settings[LEAST_DAMPING]
            largest = tree_step(problem, s, damping, q)
            if largest <= settings[LEAST_STEP]:
                evaluate_tree(problem, q, s)
                return STALLED, cost, spent
            if largest > settings[STEP_LIMIT]:
                for j in range(q.shape[0]):
                    trial[j] = q[j] + (trial[j] - q[j]) * (settings[STEP_LIMIT] / largest)
            lowered = evaluate_tree(problem, trial, s)
            spent += 1
            if not lowered < cost:
                relax *= settings[TIGHTEN]
        slow = slow + 1 if lowered > settings[SLOW] * cost else 0
        cost = lowered
        for j in range(q.shape[0]):
            q[j] = trial[j]
