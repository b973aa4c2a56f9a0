"""Protocol B's starts that are hard to leave: stretched, singular, and outside the limits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from scipy.optimize import minimize

from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.benchmark.verify import TWIST_TOLERANCE, Verifier
from ik_gd.core.follower import Follower, FollowerSettings, FollowerState
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver

_RATE = 100.0  # [Hz]
_STARTS = 20
_TICKS = 1000
_OUTSIDE = np.radians(3.0)
_UNKNOWN_SPEED = 1.0  # [rad/s or m/s]

Array = NDArray[np.float64]


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Measure the three kinds of start on every arm."""
    table = Table('B', 'Protocol B, starts that are hard to leave')
    table.notes += [
        'stretched: the tip as far out as it goes, the target 20 % nearer on the same ray '
        '(position): the gradient is zero there. singular: the Jacobian has lost a rank, the '
        'target is what small random joint moves reach (pose). Both: Solver.track, joints bounded '
        'by their speed a tick; in a minimum: joint limits end every descent there (Pinocchio).',
        'outside: a joint 3 degrees beyond its limit, driven by the Follower; the largest step is '
        'in multiples of what the speed limit allows in a tick.',
    ]
    task = progress.add_task('B starts', total=3 * len(plan.arms))
    for name in plan.arms:
        arm = load_arm(name)
        rng = np.random.default_rng([plan.seed, 3])
        for measure in (_stretched, _singular, _outside):
            progress.update(task, description=f'B starts {name}')
            table.rows.append(measure(arm, Verifier(arm), rng))
            progress.advance(task)
    progress.remove_task(task)
    return [table]


def _stretched(arm: BenchArm, verifier: Verifier, rng: np.random.Generator) -> Row:
    cases = []
    for guess in arm.random_joints(_STARTS, rng):
        q = _minimum(arm, guess, lambda q: -np.linalg.norm(verifier.forward(q)[:3, 3]))
        target = verifier.forward(q)
        target[:3, 3] *= 0.8
        cases.append((q, target))
    return _drive(arm, verifier, 'stretched', Objective.position(), cases)


def _singular(arm: BenchArm, verifier: Verifier, rng: np.random.Generator) -> Row:
    cases = []
    for guess in arm.random_joints(_STARTS, rng):
        q = _minimum(arm, guess, lambda q: _least_singular_value(verifier.jacobian(q)))
        near = np.clip(q + rng.uniform(-0.3, 0.3, q.size), arm.lower, arm.upper)
        cases.append((q, verifier.forward(near)))
    return _drive(arm, verifier, 'singular', Objective.pose(), cases)


def _drive(
    arm: BenchArm,
    verifier: Verifier,
    kind: str,
    objective: Objective,
    cases: list[tuple[Array, Array]],
) -> Row:
    """Track each target from its start, every joint within what its speed allows a tick."""
    chain = arm.chain
    solver = Solver(chain, objective)
    asked = objective.weights > 0.0
    allowed = _step_allowed(arm)
    arrived, minima, largest, ticks = 0, 0, 0.0, []
    for q_start, target in cases:
        q = q_start
        for tick in range(_TICKS):
            lower = np.maximum(chain.lower, q - allowed)
            upper = np.minimum(chain.upper, q + allowed)
            moved = solver.track(target, q, lower, upper).q
            largest = max(largest, float((np.abs(moved - q) / allowed).max()))
            q = moved
            if np.abs(verifier.twist(q, target)[asked]).max() <= TWIST_TOLERANCE:
                arrived += 1
                ticks.append(tick + 1)
                break
        else:
            minima += _is_minimum(arm, verifier, q, target, asked)
    return _row(arm, kind, len(cases), arrived, minima, largest, ticks)


def _is_minimum(
    arm: BenchArm, verifier: Verifier, q: Array, target: Array, asked: NDArray[np.bool_]
) -> bool:
    """Whether the joint limits make a local minimum of `q`: no descent leads out of that.

    Asked of Pinocchio: no free joint has a slope, no joint at a limit wants back in, and the
    cost curves upward along the free joints.
    """

    def slope(joints: Array) -> Array:
        J = verifier.jacobian(joints)[asked]
        gradient: Array = -J.T @ verifier.twist(joints, target)[asked]
        return gradient

    at_lower, at_upper = q <= arm.chain.lower + 1e-9, q >= arm.chain.upper - 1e-9
    free = np.flatnonzero(~at_lower & ~at_upper)
    here = slope(q)
    if np.abs(here[free]).max(initial=0.0) > 1e-6:
        return False
    if (here[at_lower] < -1e-6).any() or (here[at_upper] > 1e-6).any():
        return False
    h = 1e-5
    columns = [(slope(q + h * unit) - here)[free] / h for unit in np.eye(q.size)[free]]
    curvature = np.array(columns).reshape(free.size, free.size)
    return bool(np.linalg.eigvalsh(0.5 * (curvature + curvature.T)).min(initial=0.0) > -1e-4)


def _outside(arm: BenchArm, verifier: Verifier, rng: np.random.Generator) -> Row:
    chain = arm.chain
    allowed = _step_allowed(arm)
    settings = FollowerSettings(rate=_RATE)
    arrived, largest, ticks, cases = 0, 0.0, [], 0
    for i in np.flatnonzero(np.isfinite(chain.lower)):
        for limit, outward in ((chain.lower[i], -_OUTSIDE), (chain.upper[i], _OUTSIDE)):
            q = chain.middle.copy()
            q[i] = limit + outward
            inside = np.clip(q - 5.0 * np.sign(outward) * _OUTSIDE, arm.lower, arm.upper)
            inside = np.where(np.arange(chain.dof) == i, inside, q)
            follower = Follower(chain, Solver(chain, Objective.pose()), settings)
            follower.set_joint_states(q, 0.0)
            target = chain.forward(inside)
            cases += 1
            for tick in range(_TICKS):
                now = tick / _RATE
                follower.set_joint_states(q, now)
                follower.set_target(target, now)
                decided = follower.tick(now)
                if decided.command is None:
                    continue
                largest = max(largest, float((np.abs(decided.command - q) / allowed).max()))
                q = decided.command
                if decided.state is FollowerState.REACHED and verifier.is_within_limits(q):
                    arrived += 1
                    ticks.append(tick + 1)
                    break
    return _row(arm, 'outside', cases, arrived, 0, largest, ticks)


def _row(
    arm: BenchArm,
    kind: str,
    cases: int,
    arrived: int,
    minima: int,
    largest: float,
    ticks: list[int],
) -> Row:
    return {
        'arm': arm.name,
        'start': kind,
        'cases': cases,
        'arrived': arrived,
        'in_a_minimum': minima,
        'mean_ticks': float(np.mean(ticks)) if ticks else None,
        'largest_step_of_allowed': largest,
    }


def _step_allowed(arm: BenchArm) -> Array:
    """Return how far each joint may move in a tick (n,) [rad or m]."""
    speed = arm.chain.max_velocity
    return np.where(np.isfinite(speed), speed, _UNKNOWN_SPEED) / _RATE


def _minimum(arm: BenchArm, guess: Array, f: Callable[[Array], float]) -> Array:
    found = minimize(f, guess, bounds=list(zip(arm.lower, arm.upper, strict=True)))
    q: Array = np.clip(found.x, arm.lower, arm.upper)
    return q


def _least_singular_value(J: Array) -> float:
    return float(np.linalg.svd(J, compute_uv=False)[-1])
