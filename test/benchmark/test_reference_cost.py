"""The cost that scipy lowers in protocol C."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

pytest.importorskip('scipy', reason='scipy is the judge of best efforts')

from scipy.optimize import approx_fprime
from scipy.spatial.transform import Rotation

from ik_gd.benchmark.arms import load_arm
from ik_gd.benchmark.best_effort import compare
from ik_gd.benchmark.reference_cost import (
    best_of_scipy,
    cost,
    residual_jacobian,
    residuals,
    rotation_vector,
)
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver

WEIGHTS = np.array([1.0, 2.0, 3.0, 0.5, 0.6, 0.7])


@pytest.mark.parametrize('angle', [0.0, 1e-9, 1e-4, 1.0, 3.0, np.pi - 1e-5, np.pi])
def test_rotation_vector_agrees_with_scipy(angle: float) -> None:
    for axis in np.random.default_rng(0).normal(size=(20, 3)):
        axis /= np.linalg.norm(axis)
        R = Rotation.from_rotvec(angle * axis).as_matrix()
        v = rotation_vector(R)
        left = Rotation.from_rotvec(v).inv() * Rotation.from_matrix(R)
        assert left.magnitude() < 1e-7
        assert np.linalg.norm(v) <= np.pi + 1e-12


@pytest.mark.parametrize('name', ['so101', 'rail7'])
def test_the_jacobian_is_the_derivative_of_the_residuals(name: str) -> None:
    arm = load_arm(name)
    segments = arm.chain.segments
    rng = np.random.default_rng(1)
    for q, goal in zip(arm.random_joints(20, rng), arm.random_joints(20, rng), strict=True):
        target = arm.chain.forward(goal).matrix
        J = residual_jacobian(segments, q, target, WEIGHTS)
        numeric = approx_fprime(q, partial(_residuals_at, segments, target), 1e-7)
        np.testing.assert_allclose(J, numeric, atol=2e-4)


def test_it_is_the_cost_that_the_solver_reports() -> None:
    arm = load_arm('so101')
    objective = Objective.pose(position_weight=2.0, rotation_weight=0.5)
    target = np.eye(4)
    target[:3, 3] = 0.3, 0.2, 0.9
    solution = Solver(arm.chain, objective).solve(target)
    assert cost(arm, solution.q, target, objective.weights) == pytest.approx(solution.cost)


def test_scipy_finds_a_reachable_target() -> None:
    arm = load_arm('desk6')
    q = arm.chain.middle + 0.3
    starts = arm.random_joints(10, np.random.default_rng(3))
    best, found = best_of_scipy(arm, arm.chain.forward(q).matrix, np.ones(6), starts)
    assert best < 1e-16
    np.testing.assert_allclose(
        arm.chain.forward(found).matrix, arm.chain.forward(q).matrix, atol=1e-7
    )


def test_compare_counts_costs_above_the_best_known() -> None:
    best = np.array([1.0, 1.0, 1.0, 0.0])
    row = compare(np.array([1.0 + 5e-7, 1.0 + 5e-6, 0.5, 5e-11]), best)
    assert (row['cases'], row['as_good'], row['better']) == (4, 3, 1)
    assert row['largest_excess'] == pytest.approx(5e-6)


def _residuals_at(segments: np.ndarray, target: np.ndarray, q: np.ndarray) -> np.ndarray:
    return residuals(segments, q, target, WEIGHTS)
