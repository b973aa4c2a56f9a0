"""A whole solve: short descents from the start and from samples, then the best effort."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels.compiled import kernel
from ik_gd.core.kernels.descent import (
    CONVERGED,
    ERROR,
    SPENT,
    STALLED,
    Problem,
    Scratch,
    descend,
    differentiate,
    evaluate,
    hold_at_limits,
    scratch_from,
    scratch_size,
)
from ik_gd.core.kernels.layout import (
    DESCENT_BUDGET,
    EFFORTS,
    HASTY_BUDGET,
    PATIENCE,
    REACH,
    TOTAL_BUDGET,
    VARIATION,
    WEIGHTS,
)
from ik_gd.core.kernels.model import Model, is_finite, is_transform, unpack
from ik_gd.core.kernels.polish import polish
from ik_gd.core.kernels.residual import on_target
from ik_gd.core.kernels.seeds import Array32, measure, next_nearest

Array = NDArray[np.float64]

# What a solve returns beside the joint positions, which are at the beginning of `work`.
Outcome = tuple[int, float, float, int, int, float]
CODE, POSITION_ERROR, ROTATION_ERROR, ITERATIONS, RESTARTS, COST = 0, 1, 2, 3, 4, 5
OUTCOME_WIDTH = 6

AT_LIMIT, OUT_OF_REACH = 3, 4  # codes beyond those of a descent
BAD_TARGET, BAD_START, BAD_BOUNDS = -1, -2, -3

# Where a solve may begin.
ANYWHERE, START_FIRST, START_ONLY = 0, 1, 2

_KICK = 0.02  # [rad or m]
_VARIED = 0.3  # [rad or m] between the extremes of varied restarts
_NEAR = 0.01  # [rad or m]: nearer than two minima are
_ENDLESS = 1 << 30
_HASTY = 10  # descents after which a search that fails looks closer
_PROMISING = 1e-6  # a cost so low is hardly a local minimum
_PERSEVERANCE = 120  # forward kinematics that being so near is worth


@kernel
def copy_joints(source: Array, to: Array) -> None:
    """Copy (n,) numbers."""
    for j in range(to.shape[0]):
        to[j] = source[j]


@kernel
def vary(problem: Problem, variation: float, q: Array) -> None:
    """Move `q` a little, differently for every `variation`, inside the limits."""
    x = variation
    for j in range(q.shape[0]):
        x = (x * 1.6180339887498949 + 0.1) % 1.0
        q[j] = min(max(q[j] + _VARIED * (x - 0.5), problem.lower[j]), problem.upper[j])


@kernel
def is_clear_of_limits(problem: Problem, q: Array) -> bool:
    """Say whether no joint of `q` (n,) stands at a limit."""
    clear = True
    for j in range(q.shape[0]):
        clear &= problem.lower[j] < q[j] < problem.upper[j]
    return clear


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
        model: the solver.
        problem: what is asked.
        ranking: (ranking_size,) the keys of the samples, then work space for their order.
        from_start: whether `q` holds a start to be tried first.
        q: (n,) start, inside the limits; work space afterwards.
        best: (n,) out: the solution, or the point of the lowest cost that was met.
        scratch: work space.

    Returns:
        CONVERGED or SPENT, the cost at `best`, iterations, descents.
    """
    settings, count = model.settings, model.samples.shape[0]
    budget = int(settings[HASTY_BUDGET])
    lowest = np.inf
    spent, descents = 0, 0
    ranked = False
    while True:
        if descents > 0 or not from_start:
            if not ranked:
                measure(problem.task, problem.target, count, ranking)
                ranked = True
            copy_joints(model.samples[next_nearest(count, ranking)], q)
            if settings[VARIATION] != 0.0:
                vary(problem, settings[VARIATION] + descents, q)
        # Hasty at first: most failing descents show it by their first slow step.
        patience = int(settings[PATIENCE]) + descents // 32
        share = min(int(settings[DESCENT_BUDGET]), budget - spent)
        code, cost, used = descend(problem, settings, q, scratch, share, patience)
        spent += used
        descents += 1
        is_promising = code != CONVERGED and cost < _PROMISING and descents > _HASTY
        if is_promising and spent < budget and is_clear_of_limits(problem, q):
            # Near a singularity the way in is a shallow valley: worth some more steps, but not
            # before it is known that no other way is shorter.
            share = min(_PERSEVERANCE, budget - spent)
            code, cost, used = descend(problem, settings, q, scratch, share, _ENDLESS)
            spent += used
        if code == CONVERGED or cost < lowest:
            lowest = cost
            copy_joints(q, best)
        if code == CONVERGED or spent >= budget:
            return code, lowest, spent, descents


@kernel
def is_near(q: Array, other: Array) -> bool:
    """Say whether no joint differs much."""
    near = True
    for j in range(q.shape[0]):
        near = near and abs(q[j] - other[j]) < _NEAR
    return near


@kernel
def best_effort(
    model: Model,
    problem: Problem,
    ranking: Array32,
    q: Array,
    best: Array,
    scratch: Scratch,
    dense: Array,
    budget: int,
) -> tuple[int, float, int, int]:
    """Look for the lowest cost, patiently: `best` holds the best so far.

    Returns:
        CONVERGED, STALLED or SPENT, the cost at `best`, iterations, descents.
    """
    settings, count = model.settings, model.samples.shape[0]
    measure(problem.task, problem.target, count, ranking)
    copy_joints(best, q)
    lowest = np.inf
    spent, descents = 0, 0
    ended = SPENT
    while spent < budget and descents <= int(settings[EFFORTS]):
        if descents > 0:
            # Near samples and far ones in turn: the lowest minimum need not be near.
            chosen = next_nearest(count, ranking) if descents % 2 else (descents * 97) % count
            copy_joints(model.samples[chosen], q)
        share = min(int(settings[DESCENT_BUDGET]), budget - spent)
        code, cost, used = descend(problem, settings, q, scratch, share, 3)
        spent += used
        descents += 1
        known = ended == STALLED and is_near(q, best)  # the same minimum once more
        if code != CONVERGED and cost < 2.0 * lowest and not known:
            cost, used, settled = polish(problem, q, scratch, dense, budget - spent, lowest)
            spent += used
            if on_target(scratch.rows[ERROR], problem.task):
                code = CONVERGED
            elif settled and cost < lowest:
                ended = STALLED
        if code == CONVERGED or cost < lowest:
            lowest = cost
            copy_joints(q, best)
        if code == CONVERGED:
            return code, lowest, spent, descents
    return ended, lowest, spent, descents


@kernel
def pursue(
    model: Model, problem: Problem, q: Array, best: Array, scratch: Scratch, budget: int
) -> tuple[int, float, int, int]:
    """Descend from `q` only, into `best`.

    Where the slope vanishes off target, a straight arm for one, the joints are kicked a little,
    always the same way; a kick that does not pay is taken back, so that an arm at its best keeps
    still.
    """
    code, cost, spent = descend(problem, model.settings, q, scratch, budget, _ENDLESS)
    copy_joints(q, best)
    if code != STALLED or spent >= budget:
        return code, cost, spent, 1
    for j in range(q.shape[0]):
        kick = _KICK if j % 2 == 0 else -_KICK
        if not problem.lower[j] <= q[j] + kick <= problem.upper[j]:
            kick = -kick
        q[j] = min(max(q[j] + kick, problem.lower[j]), problem.upper[j])
    kicked, lowered, used = descend(problem, model.settings, q, scratch, budget - spent, _ENDLESS)
    if lowered < (1.0 - 1e-6) * cost:
        copy_joints(q, best)
        return kicked, lowered, spent + used, 1
    return code, cost, spent + used, 1


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
    if not is_transform(target):
        return refusal(BAD_TARGET)
    if not is_finite(q_start, n):
        return refusal(BAD_START)
    best, q = work[:n], work[n : 2 * n]
    scratch = scratch_from(work[2 * n :], model.segments.shape[0] - 1, n)
    for j in range(n):
        if not lower[j] <= upper[j]:
            return refusal(BAD_BOUNDS)
        q[j] = min(max(q_start[j], lower[j]), upper[j])
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
        ranking: (ranking_size,) see search.
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
