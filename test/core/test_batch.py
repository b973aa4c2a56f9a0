from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from arm_models import ARMS

from ik_gd import Solver
from ik_gd.core.errors import TargetError

CHAIN = next(arm for arm in ARMS if arm.name == 'desk6').chain()


@pytest.fixture(scope='module')
def solver() -> Solver:
    return Solver(CHAIN)


@pytest.fixture(scope='module')
def targets() -> np.ndarray:
    rng = np.random.default_rng(15)
    joints = rng.uniform(CHAIN.lower, CHAIN.upper, (300, CHAIN.dof))
    return np.stack([CHAIN.forward(q).matrix for q in joints])


def test_a_batch_answers_as_one_by_one(solver: Solver, targets: np.ndarray) -> None:
    batch = solver.solve_batch(targets)
    assert len(batch) == len(targets) and batch.converged.all()
    for i, target in enumerate(targets):
        alone = solver.solve(target)
        np.testing.assert_array_equal(batch.q[i], alone.q)
        assert batch[i].status is alone.status is batch.status[i]
        assert batch[i].iterations == alone.iterations


def test_starts_are_tried_first(solver: Solver, targets: np.ndarray) -> None:
    starts = solver.solve_batch(targets).q
    again = solver.solve_batch(targets, starts)
    np.testing.assert_array_equal(again.q, starts)
    assert (again.restarts == 0).all()


def test_progress_counts_up_to_the_end(solver: Solver, targets: np.ndarray) -> None:
    calls: list[tuple[int, int]] = []
    many = np.concatenate([targets] * 30)
    solver.solve_batch(many, progress=lambda done, count: calls.append((done, count)))
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1] == (len(many), len(many))


def test_poses_and_transforms_are_the_same_to_a_batch(solver: Solver) -> None:
    pose = CHAIN.forward(CHAIN.middle + 0.2)
    by_pose, by_matrix = solver.solve_batch([pose]), solver.solve_batch(pose.matrix[None])
    np.testing.assert_allclose(by_pose.q, by_matrix.q, atol=1e-4)


def test_an_empty_batch_is_empty(solver: Solver) -> None:
    assert len(solver.solve_batch([])) == 0


def test_the_target_that_is_wrong_is_named(solver: Solver, targets: np.ndarray) -> None:
    spoiled = targets.copy()
    spoiled[123, 0, 3] = np.nan
    with pytest.raises(TargetError, match='target 123'):
        solver.solve_batch(spoiled)
    with pytest.raises(TargetError, match='shape'):
        solver.solve_batch(np.eye(4))
    with pytest.raises(TargetError, match='q_start'):
        solver.solve_batch(targets, np.zeros(3))


def test_memory_is_bounded_by_the_arrays_handed_in(solver: Solver, targets: np.ndarray) -> None:
    peaks = []
    for repeats in (20, 120):
        many = np.concatenate([targets] * repeats)
        tracemalloc.start()
        solver.solve_batch(many)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    handed_in = 100 * targets.nbytes  # how much more the second time
    assert peaks[1] - peaks[0] < 1.5 * handed_in
