"""How a solve looks for its answer: descents from the start and samples, then the best effort."""

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
)
from ik_gd.core.kernels.layout import (
    DESCENT_BUDGET,
    EFFORTS,
    HASTY_BUDGET,
    PATIENCE,
    VARIATION,
)
from ik_gd.core.kernels.model import Model
from ik_gd.core.kernels.polish import polish
from ik_gd.core.kernels.residual import on_target
from ik_gd.core.kernels.seeds import Array32, measure, next_nearest

Array = NDArray[np.float64]

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
