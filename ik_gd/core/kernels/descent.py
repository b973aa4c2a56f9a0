"""The default step rule: damped descent inside the limits, for one tip.

Each step minimises |e - C dq|^2 + lambda |dq|^2 with lambda proportional to the cost (S. Chan and
P. Lawrence, General inverse kinematics with the error damped pseudoinverse, 1988; T. Sugihara,
Solvability-unconcerned inverse kinematics by the Levenberg-Marquardt method, 2011), over the
joints that are not held at a limit (D. Bertsekas, Projected Newton methods, 1982). A step that
does not lower the cost is taken back and damped more.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.kinematics import fill_columns, place_frames
from ik_gd.core.kernels.layout import (
    DAMPING,
    GRADIENT,
    KIND,
    LEAST_DAMPING,
    LEAST_RELAX,
    LEAST_STEP,
    LOOSEN,
    POSE,
    SAMPLING_DISTANCE,
    SLOW,
    STEP_LIMIT,
    TIGHTEN,
    UNIFORM,
    WEIGHTS,
)
from ik_gd.core.kernels.linear import solve_damped
from ik_gd.core.kernels.residual import on_target, residual, weigh_columns

Array = NDArray[np.float64]

# What a descent ends with.
CONVERGED, STALLED, SPENT = 0, 1, 2

MOST = 0.5  # of the cost that damps: an arm far from its target still creeps to its best

# The rows of Scratch.rows.
ERROR, TRIAL, WEIGHTED, LEFT = 0, 1, 2, 3


class Problem(NamedTuple):
    """What is asked: arrays that a descent only reads.

    Attributes:
        segments: (m + 1, 16).
        lower: (n,).
        upper: (n,).
        task: (TASK_WIDTH,).
        target: (4, 4).
    """

    segments: Array
    lower: Array
    upper: Array
    task: Array
    target: Array


class Scratch(NamedTuple):
    """Work space, views of one array, so that nothing is allocated on the way.

    Attributes:
        turns: (3, m).
        frames: (m + 1, 12).
        columns: (n, 6).
        rows: (4, 6), see above.
        slope: (n,) the cost's gradient.
        free: (n,) 1 for joints that may move, 0 for those held.
        trial: (n,) where the next step leads.
    """

    turns: Array
    frames: Array
    columns: Array
    rows: Array
    slope: Array
    free: Array
    trial: Array


@kernel
def scratch_from(work: Array, m: int, n: int) -> Scratch:
    """Cut the work space for m segments and n joints out of `work`, see scratch_size."""
    a = 3 * m
    b = a + 12 * (m + 1)
    c = b + 6 * n
    d = c + 24
    return Scratch(
        work[:a].reshape(3, m),
        work[a:b].reshape(m + 1, 12),
        work[b:c].reshape(n, 6),
        work[c:d].reshape(4, 6),
        work[d : d + n],
        work[d + n : d + 2 * n],
        work[d + 2 * n : d + 3 * n],
    )


def scratch_size(m: int, n: int) -> int:
    """Return how many numbers `scratch_from` needs."""
    return 3 * m + 12 * (m + 1) + 9 * n + 24


@kernel
def hold_at_limits(problem: Problem, scratch: Scratch, q: Array) -> None:
    """Mark as free the joints that may move, and let the trial begin at `q`.

    A joint is held when it stands at a limit and going down the slope leads out.
    """
    lower, upper, slope = problem.lower, problem.upper, scratch.slope
    for j in range(q.shape[0]):
        out = ((q[j] <= lower[j]) & (slope[j] > 0.0)) | ((q[j] >= upper[j]) & (slope[j] < 0.0))
        scratch.free[j] = 0.0 if out else 1.0
        scratch.trial[j] = q[j]


@kernel
def bounded_step(problem: Problem, scratch: Scratch, damping: float, q: Array) -> float:
    """Fill the trial with q + dq, the damped step inside the limits; return max |dq|.

    A joint whose step would leave its range is put on the limit, and the others are solved again
    with what it leaves of the residual.
    """
    columns, free, trial = scratch.columns, scratch.free, scratch.trial
    lower, upper = problem.lower, problem.upper
    left = scratch.rows[LEFT]
    for i in range(6):
        left[i] = scratch.rows[WEIGHTED, i]
    while True:
        y0, y1, y2, y3, y4, y5 = solve_damped(columns, free, left, damping)
        hit, largest = False, 0.0
        for j in range(q.shape[0]):
            c, at = columns[j], q[j]
            step = c[0] * y0 + c[1] * y1 + c[2] * y2 + c[3] * y3 + c[4] * y4 + c[5] * y5
            to = at + step if free[j] != 0.0 else trial[j]
            trial[j] = to
            hit |= (to < lower[j]) | (to > upper[j])
            largest = max(largest, abs(to - at))
        if not hit:
            return largest
        put_on_limits(problem, scratch, q)


@kernel
def put_on_limits(problem: Problem, scratch: Scratch, q: Array) -> None:
    """Put the joints that the trial moves out of their range on its end, and hold them there."""
    left, free, trial = scratch.rows[LEFT], scratch.free, scratch.trial
    lower, upper = problem.lower, problem.upper
    for j in range(q.shape[0]):
        if free[j] != 0.0 and (trial[j] < lower[j] or trial[j] > upper[j]):
            trial[j] = min(max(trial[j], lower[j]), upper[j])
            free[j] = 0.0
            for i in range(6):
                left[i] -= scratch.columns[j, i] * (trial[j] - q[j])


@kernel
def evaluate(problem: Problem, q: Array, scratch: Scratch, error: Array) -> float:
    """Place the frames at `q`, fill the tip's `error` (6,) and return its cost."""
    place_frames(problem.segments, q, scratch.turns, scratch.frames)
    tip = scratch.frames[problem.segments.shape[0] - 1]
    return residual(tip, problem.target, problem.task, error)


@kernel
def differentiate(problem: Problem, scratch: Scratch) -> None:
    """Fill the weighted error, the columns and the slope from the frames last placed."""
    s, task = scratch, problem.task
    columns = s.columns
    if task[UNIFORM] != 0.0 and task[KIND] == POSE:
        fill_columns(problem.segments, s.frames, task[WEIGHTS], task[WEIGHTS + 3], columns)
    else:
        tip = s.frames[problem.segments.shape[0] - 1]
        fill_columns(problem.segments, s.frames, 1.0, 1.0, columns)
        weigh_columns(tip, s.rows[ERROR], task, columns)
    fill_slope(problem, s)


@kernel
def differentiate_by_sampling(
    problem: Problem, q: Array, distance: float, central: bool, scratch: Scratch
) -> int:
    """As `differentiate`, from the error a sampling distance further along every joint.

    Returns:
        The forward kinematics spent: one a joint, or two to sample on both sides (`central`).
    """
    s, task = scratch, problem.task
    ahead, behind = s.rows[LEFT], s.rows[TRIAL] if central else s.rows[ERROR]
    span = 2.0 * distance if central else distance
    for j in range(q.shape[0]):
        at = q[j]
        q[j] = at + distance
        evaluate(problem, q, s, ahead)
        if central:
            q[j] = at - distance
            evaluate(problem, q, s, behind)
        q[j] = at
        for i in range(6):
            s.columns[j, i] = task[WEIGHTS + i] * (behind[i] - ahead[i]) / span
    fill_slope(problem, s)
    return 2 * q.shape[0] if central else q.shape[0]


@kernel
def fill_slope(problem: Problem, scratch: Scratch) -> None:
    """Fill the weighted error, and the slope: minus the columns times it."""
    s, task = scratch, problem.task
    columns, weighted = s.columns, s.rows[WEIGHTED]
    for i in range(6):
        weighted[i] = task[WEIGHTS + i] * s.rows[ERROR, i]
    e0, e1, e2, e3, e4, e5 = (
        weighted[0],
        weighted[1],
        weighted[2],
        weighted[3],
        weighted[4],
        weighted[5],
    )
    for j in range(columns.shape[0]):
        c = columns[j]
        s.slope[j] = -(c[0] * e0 + c[1] * e1 + c[2] * e2 + c[3] * e3 + c[4] * e4 + c[5] * e5)


@kernel
def descend(
    problem: Problem, settings: Array, q: Array, scratch: Scratch, budget: int, patience: int
) -> tuple[int, float, int]:
    """Move `q` (n,) downhill until it is on target, stalls, or `budget` iterations are spent.

    Args:
        problem: the arm, its limits, the task and the target.
        settings: see layout.
        q: inside the limits; changed in place.
        scratch: work space; holds the frames and the error at `q` afterwards.
        budget: the number of forward kinematics to spend.
        patience: give up after so many successive steps that hardly lower the cost.

    Returns:
        CONVERGED, STALLED or SPENT; the cost; the iterations done.
    """
    s = scratch
    cost = evaluate(problem, q, s, s.rows[ERROR])
    relax = 1.0
    slow = 0
    spent = 1
    while True:
        if on_target(s.rows[ERROR], problem.task):
            return CONVERGED, cost, spent
        if settings[GRADIENT] == 0.0:
            differentiate(problem, s)
        else:
            central = settings[GRADIENT] == 2.0
            distance = settings[SAMPLING_DISTANCE]
            spent += differentiate_by_sampling(problem, q, distance, central, s)
        accepted = False
        while not accepted:
            if spent >= budget:
                return SPENT, cost, spent
            hold_at_limits(problem, s, q)
            damping = relax * settings[DAMPING] * min(cost, MOST) + settings[LEAST_DAMPING]
            largest = bounded_step(problem, s, damping, q)
            if largest <= settings[LEAST_STEP]:
                return STALLED, cost, spent
            if largest > settings[STEP_LIMIT]:
                for j in range(q.shape[0]):
                    s.trial[j] = q[j] + (s.trial[j] - q[j]) * (settings[STEP_LIMIT] / largest)
            lowered = evaluate(problem, s.trial, s, s.rows[TRIAL])
            spent += 1
            accepted = lowered < cost
            if not accepted:
                relax *= settings[TIGHTEN]
        relax = max(relax * settings[LOOSEN], settings[LEAST_RELAX])
        slow = slow + 1 if lowered > settings[SLOW] * cost else 0
        cost = lowered
        for j in range(q.shape[0]):
            q[j] = s.trial[j]
        for i in range(6):
            s.rows[ERROR, i] = s.rows[TRIAL, i]
        if slow >= patience:
            if on_target(s.rows[ERROR], problem.task):
                return CONVERGED, cost, spent
            return STALLED, cost, spent


@kernel
def differentiate_at(
    segments: Array,
    task: Array,
    target: Array,
    q: Array,
    work: Array,
    columns: Array,
    slope: Array,
) -> None:
    """Fill in the derivatives at one place, for callers from Python.

    Args:
        segments: (m + 1, 16).
        task: (TASK_WIDTH,).
        target: (4, 4).
        q: (n,).
        work: (scratch_size,).
        columns: (n, 6) out: minus the weighted error's derivative.
        slope: (n,) out: the exact gradient of the cost.
    """
    n = q.shape[0]
    scratch = scratch_from(work, segments.shape[0] - 1, n)
    problem = Problem(segments, q, q, task, target)
    evaluate(problem, q, scratch, scratch.rows[ERROR])
    differentiate(problem, scratch)
    for j in range(n):
        slope[j] = scratch.slope[j]
        for i in range(6):
            columns[j, i] = scratch.columns[j, i]
