"""Protocol A counts and compares what solvers did, not what they say."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='Pinocchio (pip install pin) judges the answers')
pytest.importorskip('rich', reason='rich prints the tables')

from ik_gd.benchmark import static
from ik_gd.benchmark.arms import BenchArm, load_arm
from ik_gd.benchmark.peers.peer import Answer
from ik_gd.benchmark.results import Plan
from ik_gd.benchmark.static import Tally
from ik_gd.benchmark.verify import Verifier

TARGETS = 12


class Scripted:
    """A solver that answers what it was told to, and notes what it was asked."""

    name: ClassVar[str] = 'scripted'
    max_targets: ClassVar[int | None] = None

    def __init__(self, answer_to: Any) -> None:
        self._answer_to = answer_to
        self.asked: list[np.ndarray] = []
        self.starts: list[np.ndarray] = []

    def prepare(self, target: np.ndarray, q_start: np.ndarray) -> np.ndarray:
        self.asked.append(target)
        self.starts.append(q_start)
        return target

    def solve(self, problem: np.ndarray) -> Any:
        return self._answer_to(problem)

    def answer(self, raw: Any) -> Answer:
        return raw


@pytest.fixture
def arm() -> BenchArm:
    return load_arm('desk6')


def measured(arm: BenchArm, *solvers: Scripted, start: str = 'random') -> list[Tally]:
    plan = Plan((arm.name,), (), targets=TARGETS)
    tallies = [Tally(solver.name) for solver in solvers]
    for _ in static.measure(arm, list(solvers), tallies, start, plan):
        pass
    return tallies


def test_a_wrong_answer_is_not_solved_however_sure_the_solver_is(arm: BenchArm) -> None:
    liar = Scripted(lambda target: Answer(arm.chain.middle, True))
    row = measured(arm, liar)[0].row()
    assert row['targets'] == TARGETS
    assert row['solved'] == 0
    assert row['wrong_claims'] == TARGETS


def test_an_answer_on_target_but_outside_the_limits_is_not_solved(arm: BenchArm) -> None:
    q = arm.chain.middle.copy()
    q[0] = arm.chain.upper[0] + 0.01
    tally = Tally('cheat')
    tally.add(Answer(q, True), 1.0, arm.chain.forward(q).matrix, Verifier(arm))
    assert (tally.solved, tally.limit_violations, tally.wrong_claims) == (0, 1, 0)


def test_no_answer_counts_as_a_failure_and_its_time_counts(arm: BenchArm) -> None:
    tally = Tally('mute')
    target = arm.chain.forward(arm.chain.middle).matrix
    tally.add(Answer(None, False), 40.0, target, Verifier(arm))
    tally.add(Answer(arm.chain.middle, True), 20.0, target, Verifier(arm))
    row = tally.row()
    assert (row['targets'], row['solved'], row['solved_percent']) == (2, 1, 50.0)
    assert row['mean_us'] == pytest.approx(30.0)


def test_all_solvers_get_the_same_targets_and_starts(arm: BenchArm) -> None:
    first, second = (Scripted(lambda target: Answer(None, False)) for _ in range(2))
    measured(arm, first, second)
    np.testing.assert_array_equal(first.asked[-TARGETS:], second.asked[-TARGETS:])
    np.testing.assert_array_equal(first.starts[-TARGETS:], second.starts[-TARGETS:])
    assert len(np.unique(np.array(first.asked[-TARGETS:])[:, 0, 3])) == TARGETS


def test_start_middle_is_the_middle_of_the_limits(arm: BenchArm) -> None:
    solver = Scripted(lambda target: Answer(None, False))
    measured(arm, solver, start='middle')
    assert all((start == arm.chain.middle).all() for start in solver.starts)


def test_a_slow_solver_gets_fewer_of_the_same_targets(arm: BenchArm) -> None:
    class Slow(Scripted):
        max_targets = 10

    quick, slow = (cls(lambda target: Answer(None, False)) for cls in (Scripted, Slow))
    tallies = measured(arm, quick, slow)
    assert [len(tally.times_us) for tally in tallies] == [TARGETS, 10]
    quick_targets = {target.tobytes() for target in quick.asked}
    assert all(target.tobytes() in quick_targets for target in slow.asked[-10:])


def test_ratios_are_multiples_of_the_first_solver() -> None:
    ours, theirs = Tally('ours', [10.0, 20.0, 30.0]), Tally('theirs', [100.0, 200.0, 300.0])
    rows = static.rows_with_ratios([ours, theirs])
    assert [row['ratio_mean'] for row in rows] == pytest.approx([1.0, 10.0])
    assert [row['ratio_p99'] for row in rows] == pytest.approx([1.0, 10.0])


def test_the_peer_to_beat_is_the_quickest_that_solves_nearly_all() -> None:
    tallies = [
        Tally('ours', [10.0] * 100, solved=100),
        Tally('gives up', [1.0] * 100, solved=94),
        Tally('serious', [50.0] * 100, solved=95),
        Tally('slow', [500.0] * 100, solved=100),
    ]
    row = static.summary_row(static.rows_with_ratios(tallies))
    assert row['quickest_peer'] == 'serious'
    assert row['ratio_mean'] == pytest.approx(5.0)


def test_without_a_serious_peer_there_is_no_ratio() -> None:
    tallies = [Tally('ours', [10.0], solved=1), Tally('gives up', [1.0], solved=0)]
    row = static.summary_row(static.rows_with_ratios(tallies))
    assert row['quickest_peer'] is None
    assert row['ratio_mean'] is None
