"""Protocol B: one target after the other at 100 Hz, each solve started from the last answer."""

from __future__ import annotations

from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from ik_gd.benchmark import hard_starts
from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.paths import RATE, SHAPES, TargetPath, drawn_path, joint_walk
from ik_gd.benchmark.peers import load_peer
from ik_gd.benchmark.peers.peer import Peer, UnsupportedArm
from ik_gd.benchmark.results import Plan, Row, Table
from ik_gd.benchmark.verify import TWIST_TOLERANCE, Verifier
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver

FLIP = 0.105  # [rad or m] a joint that moves further within a tick has changed branch
_ROUNDING = 1e-12  # [rad]
_TRACKING_PEERS = ('rtb', 'optik', 'tracik')
_PATHS_A_SHAPE = 3
_WALKS = (0.02, 0.1)  # [rad] a joint and tick: as quick as arms move, and five times that
_ITERATIONS = 20  # of a tick of ours at most

Array = NDArray[np.float64]


class _Ours:
    """`Solver.track`: free to jump like the peers, or bounded as a control tick calls it."""

    def __init__(self, arm: BenchArm, axis_only: bool, max_step: float | None) -> None:
        objective = Objective.position_and_axis() if axis_only else Objective.pose()
        self._solver = Solver(arm.chain, objective)
        self._max_step = max_step
        self.name = 'ik_gd' if max_step is None else 'ik_gd, bounded'

    def next_joints(self, target: Array, q: Array) -> tuple[Array, float]:
        begin = perf_counter_ns()
        solution = self._solver.track(target, q, iterations=_ITERATIONS, max_step=self._max_step)
        return solution.q, (perf_counter_ns() - begin) / 1e3


class _Theirs:
    """A peer, started from the last answer; where it finds none the joints stay."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.name = peer.name

    def next_joints(self, target: Array, q: Array) -> tuple[Array, float]:
        problem = self._peer.prepare(target, q)
        begin = perf_counter_ns()
        raw = self._peer.solve(problem)
        time_us = (perf_counter_ns() - begin) / 1e3
        answer = self._peer.answer(raw)
        return (q if answer.q is None else answer.q), time_us


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Measure the paths on every arm, and the starts that are hard to leave."""
    table = Table('B', 'Protocol B: tracking at 100 Hz, warm started')
    table.notes += [
        f'flip: a tick in which a joint moves more than {FLIP} rad; missed: one whose answer is '
        f'off by more than {TWIST_TOLERANCE:g} m or rad along any axis; lag: most ticks in a row '
        'that missed',
        f'ik_gd, bounded: Solver.track(max_step={FLIP}), as a control loop calls it, which knows '
        'what its joints can do in a tick: it cannot flip, and where the joints that it has come '
        'to are too slow for the target it lags and catches up. ik_gd and the peers may go '
        f'anywhere. Both: up to {_ITERATIONS} iterations a tick',
        'walk: up to so many rad a joint and tick, at random. circle, line, eight: constant '
        'orientation (below six joints: axis of the tip), each with a smooth solution inside the '
        'limits by plain Newton',
    ]
    task = progress.add_task('B', total=len(plan.arms))
    for name in plan.arms:
        progress.update(task, description=f'B {name}')
        table.rows += _run_arm(load_arm(name), plan)
        progress.advance(task)
    progress.remove_task(task)
    return [table, *hard_starts.run(plan, progress)]


def _run_arm(arm: BenchArm, plan: Plan) -> list[Row]:
    rng = np.random.default_rng([plan.seed, 2])
    verifier = Verifier(arm)
    axis_only = arm.chain.dof < 6
    ticks = max(20, plan.targets // 10)
    walks = [joint_walk(arm, verifier, step, ticks, rng) for step in _WALKS]
    runs = [(walk.name, [walk], False) for walk in walks]
    for shape in SHAPES:
        drawn = [drawn_path(arm, verifier, shape, rng, axis_only) for _ in range(_PATHS_A_SHAPE)]
        runs.append((shape, [path for path in drawn if path is not None], axis_only))
    rows: list[Row] = []
    for name, paths, free_roll in runs:
        trackers: list[_Ours | _Theirs] = [_Ours(arm, free_roll, step) for step in (FLIP, None)]
        if not free_roll:
            trackers += _peers(arm, plan)
        for tracker in trackers:
            head: Row = {'arm': arm.name, 'path': name, 'solver': tracker.name}
            rows.append(head | _track(tracker, paths, verifier, free_roll))
    return rows


def _track(
    tracker: _Ours | _Theirs, paths: list[TargetPath], verifier: Verifier, free_roll: bool
) -> Row:
    times: list[float] = []
    errors: list[float] = []
    steps: list[float] = []
    jerks = [0.0]
    for path in paths:
        q = path.q_start
        tracker.next_joints(path.targets[0], q)  # compiled, caches filled
        joints = [q]
        for target in path.targets:
            q, time_us = tracker.next_joints(target, q)
            times.append(time_us)
            errors.append(_error(verifier, q, target, free_roll))
            joints.append(q)
        moves = np.diff(joints, axis=0)
        steps += np.abs(moves).max(axis=1).tolist()
        if not path.name.startswith('walk'):
            jerks.append(float(np.abs(np.diff(moves, 2, axis=0)).max() * RATE**3))
    return {
        'paths': len(paths),
        'ticks': len(errors),
        'missed': int(np.sum(np.array(errors) > TWIST_TOLERANCE)),
        'lag': longest_run(np.array(errors) > TWIST_TOLERANCE),
        'largest_error': max(errors, default=None),
        'flips': int(np.sum(np.array(steps) > FLIP + _ROUNDING)),
        'largest_step_rad': max(steps, default=None),
        'largest_jerk': max(jerks) if len(jerks) > 1 else None,
        'mean_us': float(np.mean(times)) if times else None,
        'p99_us': float(np.percentile(times, 99)) if times else None,
    }


def longest_run(marks: NDArray[np.bool_]) -> int:
    """Return how many neighbours in `marks` (k,) are true at most."""
    longest = run = 0
    for mark in marks.tolist():
        run = run + 1 if mark else 0
        longest = max(longest, run)
    return longest


def _error(verifier: Verifier, q: Array, target: Array, free_roll: bool) -> float:
    """Return the largest component of what is left, of the axis' direction where roll is free."""
    twist = verifier.twist(q, target)
    if free_roll:
        twist[3:] = np.cross(verifier.forward(q)[:3, 2], target[:3, 2])
    return float(np.abs(twist).max())


def _peers(arm: BenchArm, plan: Plan) -> list[_Theirs]:
    peers = []
    for name in plan.peers:
        if name not in _TRACKING_PEERS:
            continue
        try:
            peers.append(_Theirs(load_peer(name)(arm)))
        except (ImportError, UnsupportedArm):
            continue  # protocol A says so
    return peers
