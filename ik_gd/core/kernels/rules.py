"""The other members of the family: step rules that know only the slope, exact or sampled.

`fixed` is the loop of A. Zucconi's tutorial (An Introduction to Gradient Descent, 2017): every
joint goes down its partial derivative, times a learning rate. The others choose the step better:
J. Nocedal and S. Wright, Numerical Optimization, 2006, algorithms 3.1 (backtracking) and 7.4
(limited-memory BFGS); B. Polyak, Some methods of speeding up the convergence of iteration
methods, 1964 (momentum).
"""

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
    differentiate,
    evaluate,
    hold_at_limits,
    scratch_from,
)
from ik_gd.core.kernels.layout import (
    DESCENT_BUDGET,
    GRADIENT,
    LEARNING_RATE,
    MOMENTUM,
    NORMALISE,
    RULE,
    SAMPLING_DISTANCE,
    TOTAL_BUDGET,
)
from ik_gd.core.kernels.model import unpack
from ik_gd.core.kernels.residual import on_target
from ik_gd.core.kernels.search import copy_joints
from ik_gd.core.kernels.seeds import Array32, measure, next_nearest
from ik_gd.core.kernels.solve import (
    ANYWHERE,
    START_ONLY,
    Outcome,
    begin_at,
    outcome,
    reason,
    refusal,
    unwind,
)

Array = NDArray[np.float64]

DAMPED, FIXED, BACKTRACKING, MOMENTUM_RULE, QUASI_NEWTON = 0, 1, 2, 3, 4
EXACT, FORWARD, CENTRAL = 0, 1, 2

HISTORY = 8  # pairs that quasi_newton remembers
_SUFFICIENT = 1e-4  # of the decrease that the slope promises
_FLAT = 1e-10


@kernel
def history_size(n: int) -> int:
    """Return how many numbers of work space the rules need for n joints, beside solve.solve's."""
    return HISTORY + (2 * HISTORY + 4) * n


@kernel
def partial_gradient(
    problem: Problem, q: Array, j: int, distance: float, cost: float, scratch: Scratch
) -> float:
    """Return the tutorial's estimate (f(q + d) - f(q)) / d for joint j."""
    at = q[j]
    q[j] = at + distance
    ahead = evaluate(problem, q, scratch, scratch.rows[ERROR])
    q[j] = at
    return (ahead - cost) / distance


@kernel
def fill_slope(problem: Problem, settings: Array, q: Array, cost: float, scratch: Scratch) -> int:
    """Fill scratch.slope with the cost's gradient at `q`; return forward kinematics spent."""
    n, d = q.shape[0], settings[SAMPLING_DISTANCE]
    if settings[GRADIENT] == EXACT:
        evaluate(problem, q, scratch, scratch.rows[ERROR])
        differentiate(problem, scratch)
        return 1
    for j in range(n):
        ahead = partial_gradient(problem, q, j, d, cost, scratch)
        if settings[GRADIENT] == CENTRAL:
            behind = partial_gradient(problem, q, j, -d, cost, scratch)
            ahead = 0.5 * (ahead + behind)
        scratch.slope[j] = ahead
    return 2 * n if settings[GRADIENT] == CENTRAL else n


@kernel
def dot(a: Array, b: Array) -> float:
    """Return the scalar product of two (n,)."""
    total = 0.0
    for j in range(a.shape[0]):
        total += a[j] * b[j]
    return total


@kernel
def quasi_newton_direction(
    slope: Array, memory: Array, remembered: int, factors: Array, step: Array
) -> None:
    """Fill `step` with -H slope, H built from the last steps and slope changes.

    Args:
        slope: (n,) zero for joints that are held.
        memory: (2 HISTORY, n or more): steps and slope changes.
        remembered: how many pairs there are so far.
        factors: (HISTORY,) work space.
        step: (n,) out.
    """
    n = slope.shape[0]
    for j in range(n):
        step[j] = -slope[j]
    pairs = min(remembered, HISTORY)
    scale = 1.0
    for back in range(pairs):
        k = (remembered - 1 - back) % HISTORY
        s, y = memory[k], memory[HISTORY + k]
        sy = dot(s, y)
        if back == 0:
            scale = sy / dot(y, y)
        factors[k] = dot(s, step) / sy
        for j in range(n):
            step[j] -= factors[k] * y[j]
    for j in range(n):
        step[j] *= scale
    for ahead in range(pairs - 1, -1, -1):
        k = (remembered - 1 - ahead) % HISTORY
        s, y = memory[k], memory[HISTORY + k]
        factor = factors[k] - dot(y, step) / dot(s, y)
        for j in range(n):
            step[j] += factor * s[j]


@kernel
def go(problem: Problem, q: Array, step: Array, length: float, trial: Array) -> None:
    """Fill `trial` with q + length * step, stopped at the limits."""
    for j in range(q.shape[0]):
        trial[j] = min(max(q[j] + length * step[j], problem.lower[j]), problem.upper[j])


@kernel
def search_line(
    problem: Problem, q: Array, cost: float, length: float, step: Array, scratch: Scratch
) -> tuple[float, float, int]:
    """Halve the step until it lowers the cost enough.

    Returns:
        The length taken (0: none helped), the cost there, forward kinematics spent.
    """
    spent = 0
    for _ in range(40):
        go(problem, q, step, length, scratch.trial)
        promised = 0.0
        for j in range(q.shape[0]):
            promised += scratch.slope[j] * (scratch.trial[j] - q[j])
        lowered = evaluate(problem, scratch.trial, scratch, scratch.rows[ERROR])
        spent += 1
        if lowered <= cost + _SUFFICIENT * promised and lowered < cost:
            return length, lowered, spent
        length *= 0.5
    return 0.0, cost, spent


@kernel
def remember(q: Array, slope: Array, last: Array, memory: Array, remembered: int) -> int:
    """Store the last step and the change of the slope, where the cost curves upwards.

    `last` (2, n) holds the joints and the slope before the step.
    """
    k = remembered % HISTORY
    sy = 0.0
    for j in range(q.shape[0]):
        memory[k, j] = q[j] - last[0, j]
        memory[HISTORY + k, j] = slope[j] - last[1, j]
        sy += memory[k, j] * memory[HISTORY + k, j]
    return remembered + 1 if sy > 1e-14 else remembered


@kernel
def descend_by_rule(
    problem: Problem, settings: Array, q: Array, scratch: Scratch, history: Array, budget: int
) -> tuple[int, float, int]:
    """Move `q` downhill by the step rule and gradient that the settings name.

    Args:
        problem: what is asked.
        settings: see layout.
        q: (n,) inside the limits; changed in place.
        scratch: work space.
        history: (history_size,) work space.
        budget: forward kinematics to spend.

    Returns:
        CONVERGED, STALLED or SPENT; the cost; forward kinematics spent.
    """
    rule, n = settings[RULE], q.shape[0]
    memory = history[HISTORY:].reshape(2 * HISTORY + 4, n)
    factors, last = history[:HISTORY], memory[2 * HISTORY + 2 :]
    step, velocity = memory[2 * HISTORY], memory[2 * HISTORY + 1]
    velocity[:] = 0.0
    slope = scratch.slope
    cost = evaluate(problem, q, scratch, scratch.rows[ERROR])
    spent, remembered, length = 1, 0, settings[LEARNING_RATE]
    first = True
    while True:
        if on_target(scratch.rows[ERROR], problem.task):
            return CONVERGED, cost, spent
        if spent >= budget:
            return SPENT, cost, spent
        spent += fill_slope(problem, settings, q, cost, scratch)
        hold_at_limits(problem, scratch, q)
        squared = 0.0
        for j in range(n):
            slope[j] *= scratch.free[j]
            squared += slope[j] * slope[j]
        if squared < _FLAT * _FLAT:
            return STALLED, cost, spent
        scale = 1.0 / sqrt(squared) if settings[NORMALISE] != 0.0 else 1.0
        if rule in (FIXED, MOMENTUM_RULE):
            for j in range(n):
                velocity[j] = settings[MOMENTUM] * velocity[j] - length * scale * slope[j]
                velocity[j] *= scratch.free[j]
            go(problem, q, velocity, 1.0, q)
            cost = evaluate(problem, q, scratch, scratch.rows[ERROR])
            spent += 1
            continue
        if rule == QUASI_NEWTON:
            if not first:
                remembered = remember(q, slope, last, memory, remembered)
            quasi_newton_direction(slope, memory, remembered, factors, step)
            downhill = 0.0
            for j in range(n):
                step[j] *= scratch.free[j]
                downhill += step[j] * slope[j]
            if not downhill < 0.0:
                remembered = 0
            length = 1.0 if remembered > 0 and downhill < 0.0 else 1.0 / max(1.0, sqrt(squared))
        if rule == BACKTRACKING or remembered == 0:
            for j in range(n):
                step[j] = -slope[j]
        copy_joints(q, last[0])
        copy_joints(slope, last[1])
        first = False
        taken, cost, used = search_line(problem, q, cost, length, step, scratch)
        spent += used
        if taken == 0.0:
            if remembered > 0:
                remembered, first = 0, True  # a stale memory: once more, straight down
                evaluate(problem, q, scratch, scratch.rows[ERROR])
                continue
            return STALLED, cost, spent
        copy_joints(scratch.trial, q)
        length = 2.0 * taken


@kernel
def solve_by_rule(
    packed: Array,
    limits: Array,
    ranking: Array32,
    work: Array,
    target: Array,
    q_start: Array,
    begin: int,
    budget: int,
) -> Outcome:
    """Solve one target by the step rule of the settings.

    Arguments as for solve.solve, but for `work`: it is longer by history_size.
    """
    model = unpack(packed)
    n = limits.shape[1]
    best, q = work[:n], work[n : 2 * n]
    refused = begin_at(target, q_start, limits[0], limits[1], q)
    if refused < 0:
        return refusal(refused)
    settings, count = model.settings, model.samples.shape[0]
    scratch = scratch_from(work[2 * n :], model.segments.shape[0] - 1, n)
    history = work[work.shape[0] - history_size(n) :]
    problem = Problem(model.segments, limits[0], limits[1], model.asked, target)
    each, total = int(settings[DESCENT_BUDGET]), int(settings[TOTAL_BUDGET])
    if begin == START_ONLY:
        each = total = budget
    else:
        measure(model.searched, target, count, ranking)
    if begin == ANYWHERE:
        copy_joints(model.samples[next_nearest(count, ranking)], q)
    lowest, spent, descents, code, ended = np.inf, 0, 0, SPENT, SPENT
    while code != CONVERGED and spent < total:
        if descents > 0:
            copy_joints(model.samples[next_nearest(count, ranking)], q)
        share = min(each, total - spent)
        code, cost, used = descend_by_rule(problem, settings, q, scratch, history, share)
        spent += used
        descents += 1
        if code == CONVERGED or cost < lowest:
            lowest, ended = cost, code
            copy_joints(q, best)
        if begin == START_ONLY:
            break
    if begin != START_ONLY:
        unwind(model, problem, q_start, best)
    evaluate(problem, best, scratch, scratch.rows[ERROR])
    if ended != CONVERGED:
        ended = reason(model, problem, best, scratch, ended)
    return outcome(model.asked, scratch.rows[ERROR], ended, spent, descents - 1)
