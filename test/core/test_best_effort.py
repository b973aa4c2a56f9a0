"""Out of reach, or too few joints: the answer is the lowest cost there is."""

from __future__ import annotations

import numpy as np
import pytest
from arm_models import ARMS
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from ik_gd import Chain, SolutionStatus, Solver

SO101 = next(arm for arm in ARMS if arm.name == 'so101').chain()


def lowest_by_scipy(chain: Chain, target: np.ndarray, rng: np.random.Generator) -> float:
    def error(q: np.ndarray) -> np.ndarray:
        tip = chain.forward(q).matrix
        turn = Rotation.from_matrix(target[:3, :3] @ tip[:3, :3].T).as_rotvec()
        return np.concatenate([target[:3, 3] - tip[:3, 3], turn])

    costs = [
        least_squares(
            error,
            rng.uniform(chain.lower, chain.upper),
            bounds=(chain.lower, chain.upper),
            max_nfev=100,
        ).cost
        for _ in range(12)
    ]
    return float(min(costs))


@pytest.mark.parametrize('far', [False, True], ids=['full pose of five joints', 'out of reach'])
def test_no_start_of_scipys_finds_a_lower_cost(far: bool) -> None:
    rng, solver = np.random.default_rng(14), Solver(SO101)
    for _ in range(4):
        target = np.eye(4)
        target[:3, :3] = Rotation.random(random_state=rng).as_matrix()
        target[:3, 3] = SO101.forward(rng.uniform(SO101.lower, SO101.upper)).position
        if far:
            target[:3, 3] *= 1.5 * SO101.reach / np.linalg.norm(target[:3, 3])
        solution = solver.solve(target)
        assert solution.status is not SolutionStatus.CONVERGED
        assert np.all(solution.q >= SO101.lower) and np.all(solution.q <= SO101.upper)
        assert solution.cost <= lowest_by_scipy(SO101, target, rng) * (1.0 + 1e-6)


def test_targets_out_of_reach_say_so() -> None:
    target = np.eye(4)
    target[0, 3] = 1.2 * SO101.reach + 1.0
    assert Solver(SO101).solve(target).status is SolutionStatus.OUT_OF_REACH
