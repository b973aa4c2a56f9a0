"""Protocol A: random reachable targets, one at a time, ours and every peer on the same ones."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray
from rich.progress import Progress

from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.peers import load_peer
from ik_gd.benchmark.peers.ours import IkGd
from ik_gd.benchmark.peers.peer import Answer, Peer, UnsupportedArm
from ik_gd.benchmark.results import Plan, Row, Table, time_columns
from ik_gd.benchmark.verify import Verifier

STARTS = ('middle', 'random')
SERIOUS_SHARE = 0.95  # a peer that solves less is not the one to beat, however quick it gives up
_ROUNDS = 10
_WARM_UP = 10

Array = NDArray[np.float64]


@dataclass
class Tally:
    """What one solver did on one set of targets."""

    solver: str
    times_us: list[float] = field(default_factory=list)
    solved: int = 0
    wrong_claims: int = 0
    limit_violations: int = 0
    iterations: list[int] = field(default_factory=list)
    searches: list[int] = field(default_factory=list)

    def add(self, answer: Answer, time_us: float, target: Array, verifier: Verifier) -> None:
        """Judge one answer: it counts as solved when Pinocchio finds it there, within limits."""
        self.times_us.append(time_us)
        if answer.iterations is not None:
            self.iterations.append(answer.iterations)
        if answer.searches is not None:
            self.searches.append(answer.searches)
        if answer.q is None:
            return
        within = verifier.is_within_limits(answer.q)
        reached = verifier.reaches(answer.q, target)
        self.solved += within and reached
        self.limit_violations += not within
        self.wrong_claims += answer.claims and not reached

    def row(self) -> Row:
        """Return the columns of a table."""
        return {
            'targets': len(self.times_us),
            'solved': self.solved,
            'solved_percent': 100.0 * self.solved / len(self.times_us),
            **time_columns(self.times_us),
            'iterations': float(np.mean(self.iterations)) if self.iterations else None,
            'searches': float(np.mean(self.searches)) if self.searches else None,
            'limit_violations': self.limit_violations,
            'wrong_claims': self.wrong_claims,
        }


def run(plan: Plan, progress: Progress) -> list[Table]:
    """Measure every arm of the plan from both kinds of start."""
    details = Table('A', 'Protocol A: random reachable targets, one Python call each')
    summary = Table('A', 'Protocol A, ours beside the quickest serious peer')
    summary.notes.append(
        f'serious: at least {SERIOUS_SHARE:.0%} solved; ratio: a peer takes so many times as long'
    )
    task = progress.add_task('A', total=len(plan.arms) * len(STARTS) * _ROUNDS)
    for name in plan.arms:
        arm = load_arm(name)
        solvers = [IkGd(arm), *_peers(arm, plan, details)]
        for start in STARTS:
            progress.update(task, description=f'A {name} {start}')
            tallies = [Tally(solver.name) for solver in solvers]
            for _ in measure(arm, solvers, tallies, start, plan):
                progress.advance(task)
            rows = rows_with_ratios(tallies)
            head: Row = {'arm': name, 'joints': arm.chain.dof, 'start': start}
            details.rows += [head | row for row in rows]
            if len(rows) > 1:
                summary.rows.append(head | summary_row(rows))
    progress.remove_task(task)
    return [details, summary] if summary.rows else [details]


def measure(
    arm: BenchArm, solvers: list[Peer], tallies: list[Tally], start: str, plan: Plan
) -> Iterator[None]:
    """Give each solver the same targets in turns, and fill its tally; yields after each round.

    In turns, so that whatever else slows the machine down meets all of them.
    """
    rng = np.random.default_rng([plan.seed, STARTS.index(start)])
    verifier = Verifier(arm)
    goals = arm.random_joints(plan.targets, rng)
    starts = arm.random_joints(plan.targets, rng)
    if start == 'middle':
        starts[:] = arm.chain.middle
    problems = [(verifier.forward(q), q_start) for q, q_start in zip(goals, starts, strict=True)]
    for solver in solvers:
        for q in arm.random_joints(_WARM_UP, rng):
            solver.solve(solver.prepare(verifier.forward(q), arm.chain.middle))
    for chunk in np.array_split(np.arange(plan.targets), min(_ROUNDS, plan.targets)):
        for solver, tally in zip(solvers, tallies, strict=True):
            share = len(chunk)
            if solver.max_targets is not None:
                share = min(share, max(1, solver.max_targets // _ROUNDS))
            _run_round(solver, tally, [problems[i] for i in chunk[:share]], verifier)
        yield


def _run_round(
    solver: Peer, tally: Tally, problems: list[tuple[Array, Array]], verifier: Verifier
) -> None:
    gc.collect()
    gc.disable()  # a collection must not land in somebody's measurement
    try:
        for target, q_start in problems:
            problem = solver.prepare(target, q_start)
            begin = perf_counter_ns()
            raw = solver.solve(problem)
            end = perf_counter_ns()
            tally.add(solver.answer(raw), (end - begin) / 1e3, target, verifier)
    finally:
        gc.enable()


def rows_with_ratios(tallies: list[Tally]) -> list[Row]:
    """Return a row a solver, with its times as multiples of the first one's (ours)."""
    rows: list[Row] = [{'solver': tally.solver} | tally.row() for tally in tallies]
    for row in rows:
        for what in ('mean', 'p99'):
            row[f'ratio_{what}'] = row[f'{what}_us'] / rows[0][f'{what}_us']
    return rows


def summary_row(rows: list[Row]) -> Row:
    """Return ours beside the quickest peer that solves nearly all."""
    ours = rows[0]
    serious = [row for row in rows[1:] if row['solved_percent'] >= 100.0 * SERIOUS_SHARE]
    best: Row = min(serious, key=lambda row: row['mean_us'], default={})
    return {
        'solved': f'{ours["solved"]}/{ours["targets"]}',
        'mean_us': ours['mean_us'],
        'p99_us': ours['p99_us'],
        'limit_violations': ours['limit_violations'],
        'quickest_peer': best.get('solver'),
        'peer_solved_percent': best.get('solved_percent'),
        'peer_mean_us': best.get('mean_us'),
        'ratio_mean': best.get('ratio_mean'),
        'ratio_p99': best.get('ratio_p99'),
    }


def _peers(arm: BenchArm, plan: Plan, table: Table) -> list[Peer]:
    """Set up the peers that are installed; note those that are not, or cannot have this arm."""
    peers = []
    for name in plan.peers:
        try:
            peers.append(load_peer(name)(arm))
        except ImportError as error:
            note = f'{name}: not measured, not installed ({error})'
        except UnsupportedArm as error:
            note = f'{arm.name}: {error}'
        else:
            continue
        if note not in table.notes:
            table.notes.append(note)
    return peers
