"""Protocol D: the kernels, a tick, chains of 6 to 100 joints, batches of 1 to a million."""

from __future__ import annotations

from time import perf_counter_ns

import numpy as np
from numba import njit
from numpy.typing import NDArray
from rich.progress import Progress

from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.benchmark.rules import STEP_RULES
from ik_gd.benchmark.tentacle import tentacle
from ik_gd.benchmark.verify import Verifier
from ik_gd.core.kernels.kinematics import fill_columns, forward, place_frames
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver, SolverSettings

_LENGTHS = (6, 10, 20, 50, 100)
_BATCHES = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
_BATCH_ARMS = ('desk6', 'ur5e', 'panda')
_REPEATS = 20_000
_LONG = 400  # iterations
_CHECKED = 2_000  # answers of a batch that Pinocchio looks at

Array = NDArray[np.float64]


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Measure how times grow, and what they are made of."""
    task = progress.add_task('D', total=3)
    tables = []
    for measure in (_kernels, _lengths, _batches):
        progress.update(task, description=f'D {measure.__name__.strip("_")}')
        tables.append(measure(plan))
        progress.advance(task)
    progress.remove_task(task)
    return tables


def _kernels(plan: Plan) -> Table:
    table = Table('D', 'Protocol D: one evaluation inside compiled code, one tick from Python')
    table.notes.append(
        'setup: making a Solver, once an arm; kinematics: all frames and the Jacobian; tick: '
        'Solver.track to a target 0.02 rad a joint '
        'away, the Python call included'
    )
    for name in plan.arms:
        arm = load_arm(name)
        times, iterations = _tick_times(arm, plan.seed)
        table.rows.append(
            {
                'arm': name,
                'joints': arm.chain.dof,
                'setup_ms': _setup_time(arm),
                'kinematics_us': kinematics_time(arm),
                'tick_us': float(np.mean(times)),
                'tick_p99_us': float(np.percentile(times, 99)),
                'tick_iterations': float(np.mean(iterations)),
            }
        )
    return table


def _setup_time(arm: BenchArm) -> float:
    """Return the time to make a Solver when its kernels are loaded [ms]."""
    Solver(arm.chain, Objective.pose())
    begin = perf_counter_ns()
    Solver(arm.chain, Objective.pose())
    return (perf_counter_ns() - begin) / 1e6


def kinematics_time(arm: BenchArm) -> float:
    """Return the time of forward kinematics with Jacobian in a compiled loop [us]."""
    chain = arm.chain
    m = chain.segments.shape[0] - 1
    turns, frames = np.empty((3, m)), np.empty((m + 1, 12))
    columns, q = np.empty((chain.dof, 6)), chain.middle.copy()
    _evaluate(chain.segments, q, turns, frames, columns, 1)
    best = np.inf
    for _ in range(5):
        begin = perf_counter_ns()
        _evaluate(chain.segments, q, turns, frames, columns, _REPEATS)
        best = min(best, (perf_counter_ns() - begin) / _REPEATS / 1e3)
    return best


@njit
def _evaluate(
    segments: Array, q: Array, turns: Array, frames: Array, columns: Array, repeats: int
) -> float:
    total = 0.0
    for i in range(repeats):
        q[0] = 1e-6 * i  # another input each time, so that nothing can be left out
        place_frames(segments, q, turns, frames)
        fill_columns(segments, frames, 1.0, 1.0, columns)
        total += columns[0, 0]
    return total


@njit
def _forward(segments: Array, joints: Array) -> Array:
    """Return the tips (k, 4, 4) at joints (k, n)."""
    tips = np.empty((joints.shape[0], 4, 4))
    for i in range(joints.shape[0]):
        tips[i] = forward(segments, joints[i])
    return tips


def _tick_times(arm: BenchArm, seed: int) -> tuple[list[float], list[int]]:
    rng = np.random.default_rng([seed, 6])
    solver = Solver(arm.chain, Objective.pose())
    times, iterations = [], []
    for i, q in enumerate(arm.random_joints(1_050, rng)):
        near = np.clip(q + rng.uniform(-0.02, 0.02, q.size), arm.lower, arm.upper)
        target = arm.chain.forward(near).matrix
        begin = perf_counter_ns()
        solution = solver.track(target, q)
        if i >= 50:
            times.append((perf_counter_ns() - begin) / 1e3)
            iterations.append(solution.iterations)
    return times, iterations


def _lengths(plan: Plan) -> Table:
    table = Table('D', 'Protocol D: chains of 6 to 100 joints')
    table.notes.append(
        'iteration: in long descents to a target out of reach; growth: beside 6 joints; solved: '
        'reachable targets, random starts'
    )
    targets = min(200, plan.targets)
    for rule in STEP_RULES:
        first: float | None = None
        for joints in _LENGTHS:
            row = _length_row(tentacle(joints), rule, targets, plan.seed)
            first = first or float(row['iteration_us'] or 0.0)
            row['growth'] = float(row['iteration_us'] or 0.0) / first
            table.rows.append(row)
    return table


def _length_row(arm: BenchArm, rule: str, targets: int, seed: int) -> Row:
    rng = np.random.default_rng([seed, 7])
    verifier = Verifier(arm)
    solver = Solver(arm.chain, Objective.pose(), SolverSettings(step_rule=rule))
    goals, starts = (0.7 * arm.random_joints(targets, rng) for _ in range(2))
    solver.solve(verifier.forward(goals[0]), starts[0])
    solved, times, iterations = 0, [], 0
    for goal, q_start in zip(goals, starts, strict=True):
        target = verifier.forward(goal)
        begin = perf_counter_ns()
        solution = solver.solve(target, q_start)
        times.append((perf_counter_ns() - begin) / 1e3)
        iterations += solution.iterations
        solved += verifier.reaches(solution.q, target)
    return {
        'step_rule': rule,
        'joints': arm.chain.dof,
        'targets': targets,
        'iteration_us': _iteration_time(solver, starts[:20]),
        'growth': None,
        'solved_percent': 100.0 * solved / targets,
        'iterations': iterations / targets,
        'mean_us': float(np.mean(times)),
        'p99_us': float(np.percentile(times, 99)),
    }


def _iteration_time(solver: Solver, starts: Array) -> float:
    """Return the time of an iteration [us], from long descents to a target out of reach.

    The quickest of three runs each: what else the machine does is not the solver's.
    """
    target = np.eye(4)
    target[:3, 3] = 0.0, 1.2 * solver.chain.reach, 0.9 * solver.chain.reach
    total, iterations = 0.0, 0
    for q_start in starts:
        runs = []
        for _ in range(3):
            begin = perf_counter_ns()
            solution = solver.track(target, q_start, iterations=_LONG)
            runs.append(perf_counter_ns() - begin)
        total += min(runs) / 1e3
        iterations += solution.iterations
    return total / iterations


def _batches(plan: Plan) -> Table:
    table = Table('D', 'Protocol D: batches over all cores')
    table.notes.append(
        f'solved: of up to {_CHECKED:,} answers drawn from the batch, by Pinocchio; random starts'
    )
    for name in (arm for arm in _BATCH_ARMS if arm in plan.arms):
        arm = load_arm(name)
        verifier = Verifier(arm)
        solver = Solver(arm.chain, Objective.pose())
        rng = np.random.default_rng([plan.seed, 8])
        for size in _BATCHES:
            if size > 100 * plan.targets:
                break
            table.rows.append({'arm': name, **_batch_row(arm, solver, verifier, size, rng)})
    return table


def _batch_row(
    arm: BenchArm, solver: Solver, verifier: Verifier, size: int, rng: np.random.Generator
) -> Row:
    goals = arm.random_joints(size, rng)
    targets = _forward(arm.chain.segments, goals)
    starts = arm.random_joints(size, rng)
    solver.solve_batch(targets[:1], starts[:1])  # compiled
    begin = perf_counter_ns()
    batch = solver.solve_batch(targets, starts)
    seconds = (perf_counter_ns() - begin) / 1e9
    checked = rng.choice(size, min(size, _CHECKED), replace=False)
    solved = [
        verifier.reaches(batch.q[i], targets[i]) and verifier.is_within_limits(batch.q[i])
        for i in checked
    ]
    return {
        'targets': size,
        'seconds': seconds,
        'poses_per_second': size / seconds,
        'solved_percent': 100.0 * float(np.mean(solved)),
    }
