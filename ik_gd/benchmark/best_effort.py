"""Protocol C: targets that cannot be met; how near is our answer to the best that exists?

The best that exists is taken to be the best of 200 random starts of scipy's bounded least squares
on the same cost.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress
from scipy.stats import special_ortho_group

from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.reference_cost import best_of_scipy, cost
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.benchmark.verify import Verifier
from ik_gd.core.kernels import layout
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver

SCIPY_STARTS = 200
RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-10  # two tolerances of 1e-5 squared: both have met the target

# (arm, its tip or None for the usual one, what is asked)
_GROUPS = (
    ('so101', None, 'any pose'),
    ('desk6', 'wrist_link', 'any pose'),  # without its last joint: five
    ('scara4', None, 'any pose'),
    ('so101', None, 'beyond reach'),
    ('desk6', None, 'beyond reach'),
    ('ur5e', None, 'beyond reach'),
    ('panda', None, 'beyond reach'),
    ('turner6', None, 'beyond reach'),
)

Array = NDArray[np.float64]


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Compare our best effort with scipy's on every group whose arm the plan has."""
    table = Table('C', 'Protocol C: best effort, beside the best of 200 starts of scipy')
    table.notes += [
        'any pose: a position from within the reach with an independent random rotation, more '
        'than the joints can give. beyond reach: 1.05 to 2 times the reach, any rotation',
        f"as good: our cost is at most scipy's best times 1 + {RELATIVE_TOLERANCE:g}, or within "
        f'{ABSOLUTE_TOLERANCE:g} of it (both are on the target then); better: lower by more than '
        'that',
    ]
    groups = [group for group in _GROUPS if group[0] in plan.arms]
    if not groups:
        table.notes.append(f'the arms of this protocol are {", ".join(g[0] for g in _GROUPS)}')
        return [table]
    # a group's share of all groups, whichever are chosen: parts of the protocol join to the whole
    cases = -(-plan.cases // len(_GROUPS))
    task = progress.add_task('C', total=cases * len(groups))
    for name, tip, kind in groups:
        progress.update(task, description=f'C {name} {kind}')
        arm = load_arm(name, tip)
        table.rows.append(_run_group(arm, kind, cases, plan.seed, lambda: progress.advance(task)))
    table.rows.append(total_row(table.rows))
    progress.remove_task(task)
    return [table]


def _run_group(
    arm: BenchArm, kind: str, cases: int, seed: int, advance: Callable[[], None]
) -> Row:
    rng = np.random.default_rng([seed, 4])
    draw = _any_pose if kind == 'any pose' else _beyond_reach
    targets = [draw(arm, rng) for _ in range(cases)]
    objective = Objective.pose()
    solver = Solver(arm.chain, objective)
    solver.solve(targets[0])
    verifier = Verifier(arm)
    costs, times, violations = [], [], 0
    for target in targets:
        begin = perf_counter_ns()
        q = solver.solve(target).q
        times.append((perf_counter_ns() - begin) / 1e6)
        violations += not verifier.is_within_limits(q)
        costs.append(cost(arm, q, target, objective.weights))
    best = []
    for lowest in _scipy(arm, targets, objective.weights, seed):
        best.append(lowest)
        advance()
    return {
        'arm': arm.name,
        'joints': arm.chain.dof,
        'asked': kind,
        **compare(np.array(costs), np.array(best)),
        'limit_violations': violations,
        'mean_ms': float(np.mean(times)),
    }


def compare(ours: Array, best: Array) -> Row:
    """Return how many of our costs (k,) are as low as the best known (k,), and by how much not."""
    allowance = best * RELATIVE_TOLERANCE + ABSOLUTE_TOLERANCE
    excess = ours - best
    missed = excess > allowance
    relative = excess[missed] / np.maximum(best[missed], ABSOLUTE_TOLERANCE)
    return {
        'cases': len(ours),
        'as_good': int(np.sum(~missed)),
        'as_good_percent': 100.0 * float(np.mean(~missed)),
        'better': int(np.sum(excess < -allowance)),
        'largest_excess': float(np.max(relative, initial=0.0)),
    }


def _scipy(arm: BenchArm, targets: list[Array], weights: Array, seed: int) -> Iterator[float]:
    jobs = [(arm, target, weights, [seed, 5, i]) for i, target in enumerate(targets)]
    with _single_threaded_blas(), get_context('spawn').Pool() as pool:
        yield from pool.imap(_best_of_job, jobs)


@contextmanager
def _single_threaded_blas() -> Iterator[None]:
    """Tell processes started meanwhile to use one thread each: there is one for every core."""
    name = 'OPENBLAS_NUM_THREADS'
    before = os.environ.get(name)
    os.environ[name] = '1'
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _best_of_job(job: tuple[BenchArm, Array, Array, list[int]]) -> float:
    arm, target, weights, seed = job
    starts = arm.random_joints(SCIPY_STARTS, np.random.default_rng(seed))
    return best_of_scipy(arm, target, weights, starts)[0]


def _any_pose(arm: BenchArm, rng: np.random.Generator) -> Array:
    target = np.eye(4)
    target[:3, 3] = arm.chain.forward(arm.random_joints(1, rng)[0]).position
    target[:3, :3] = special_ortho_group.rvs(3, random_state=rng)
    return target


def _beyond_reach(arm: BenchArm, rng: np.random.Generator) -> Array:
    chain = arm.chain
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    target = np.eye(4)
    # the reach is counted from the first joint, whose origin the first segment gives
    target[:3, 3] = chain.segments[0, layout.TRANSLATION] + direction * chain.reach * rng.uniform(
        1.05, 2.0
    )
    target[:3, :3] = special_ortho_group.rvs(3, random_state=rng)
    return target


def total_row(rows: list[Row]) -> Row:
    """Return the row below all others: their sums, and the worst of what has no sum."""

    def total(key: str) -> int:
        return sum(int(row[key] or 0) for row in rows)

    return {
        'arm': 'all',
        'joints': None,
        'asked': '',
        'cases': total('cases'),
        'as_good': total('as_good'),
        'as_good_percent': 100.0 * total('as_good') / total('cases'),
        'better': total('better'),
        'largest_excess': max(float(row['largest_excess'] or 0.0) for row in rows),
        'limit_violations': total('limit_violations'),
        'mean_ms': float(np.mean([row['mean_ms'] for row in rows])),
    }
