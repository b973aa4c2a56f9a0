from __future__ import annotations

import numpy as np
import pytest
from arm_models import ARMS

from ik_gd import Chain, Objective, Pose, SolutionStatus, Solver, SolverSettings
from ik_gd.core.descent import StepRule
from ik_gd.core.errors import TargetError

CHAINS = {arm.name: arm.chain() for arm in ARMS}


@pytest.fixture(scope='module')
def solver() -> Solver:
    return Solver(CHAINS['desk6'])


def test_tracking_stays_inside_the_bounds_it_is_given(solver: Solver) -> None:
    start = solver.chain.middle
    bounds = start - 0.01, start + 0.01
    target = solver.chain.forward(start + 0.3)
    solution = solver.track(target, start, *bounds)
    assert np.all(solution.q >= bounds[0]) and np.all(solution.q <= bounds[1])
    assert solution.cost < solver.track(target, start, start, start).cost


@pytest.mark.parametrize('name', ['so101', 'desk6', 'panda', 'iiwa', 'xarm6'])
def test_a_walking_target_is_followed_without_a_jump(name: str) -> None:
    chain = CHAINS[name]
    solver, rng = Solver(chain), np.random.default_rng(1)
    reference, q = chain.middle, chain.middle
    for _ in range(500):
        margin = 0.1 * (chain.upper - chain.lower)
        reference = np.clip(
            reference + rng.uniform(-0.01, 0.01, chain.dof),
            chain.lower + margin,
            chain.upper - margin,
        )
        solution = solver.track(chain.forward(reference), q, max_step=0.1)
        assert np.abs(solution.q - q).max() <= 0.1 + 1e-12
        assert solution.position_error < 1e-3
        q = solution.q


def test_a_straight_arm_leaves_its_singularity() -> None:
    chain = CHAINS['planar2']
    straight = np.zeros(chain.dof)
    tip = chain.forward(straight).position
    solver = Solver(chain, Objective.position())
    target = Pose(tip * (0.7, 1.0, 1.0))
    q = straight
    assert solver.track(target, q, q, q).position_error == pytest.approx(0.3 * tip[0])
    for _ in range(200):
        q = solver.track(target, q, q - 0.02, q + 0.02).q
    assert np.linalg.norm(chain.forward(q).position - target.position) < 1e-5


def test_an_arm_at_its_best_keeps_still() -> None:
    chain = CHAINS['so101']
    solver = Solver(chain, Objective.position())
    target = Pose((3.0, 0.4, 0.5))
    q = chain.middle
    for _ in range(50):
        q = solver.track(target, q, iterations=200).q
    after = solver.track(target, q)
    assert after.status is SolutionStatus.OUT_OF_REACH
    np.testing.assert_allclose(after.q, q, rtol=0.0, atol=1e-5)


def test_a_start_outside_the_limits_is_not_pulled_in_by_a_jump(solver: Solver) -> None:
    chain = solver.chain
    outside = chain.middle.copy()
    outside[1] = chain.upper[1] + np.radians(3.0)
    target = chain.forward(outside)
    solution = solver.track(target, outside)
    np.testing.assert_allclose(solution.q, outside, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize(('lower', 'upper'), [(1.0, 0.0), (np.nan, 1.0), (0.0, np.nan)], ids=str)
@pytest.mark.parametrize('rule', ['damped', 'fixed'])
def test_bounds_that_exclude_all_are_refused(rule: StepRule, lower: float, upper: float) -> None:
    solver = Solver(CHAINS['desk6'], settings=SolverSettings(step_rule=rule))
    n = solver.chain.dof
    with pytest.raises(TargetError, match='bounds'):
        solver.track(
            solver.chain.forward(solver.chain.middle),
            solver.chain.middle,
            np.full(n, lower),
            np.full(n, upper),
        )


def test_bounds_of_the_wrong_shape_are_refused(solver: Solver) -> None:
    with pytest.raises(TargetError, match='bounds'):
        solver.track(np.eye(4), solver.chain.middle, [0.0, 0.0], [1.0, 1.0])


def test_a_tick_needs_few_iterations() -> None:
    chain: Chain = CHAINS['iiwa']
    solver = Solver(chain)
    target = chain.forward(chain.middle + 0.305)
    solution = solver.track(target, chain.middle + 0.3)
    assert solution.converged and solution.iterations <= 4


def test_tracking_takes_targets_and_starts_in_any_form(solver: Solver) -> None:
    start = np.round(solver.chain.middle + 0.5)
    target = solver.chain.forward(start + 0.1)
    expected = solver.track(target.matrix, start, max_step=0.05)
    for form in (start.tolist(), tuple(start), start.astype(int), start.astype(np.float32)):
        solution = solver.track(target, form, max_step=0.05)
        np.testing.assert_allclose(solution.q, expected.q, atol=1e-12)
        assert solver.track(target.matrix.tolist(), form).status is SolutionStatus.CONVERGED


@pytest.mark.parametrize(
    'start', [[0.0] * 5, [0.0] * 7, [[0.0] * 6], [np.nan] * 6, ['a'] * 6, None, 0.0], ids=str
)
def test_tracking_refuses_a_start_that_is_no_joint_position(solver: Solver, start: object) -> None:
    with pytest.raises(TargetError, match='q_start'):
        solver.track(np.eye(4), start)
    with pytest.raises(TargetError, match='q_start'):
        solver.track(np.eye(4), start, max_step=0.1)


@pytest.mark.parametrize(
    'target', [np.full((4, 4), np.nan), np.diag([1, 1, -1, 1.0]), np.eye(3), 'pose', None], ids=str
)
def test_tracking_refuses_a_target_that_is_no_transform(solver: Solver, target: object) -> None:
    with pytest.raises(TargetError, match=r'transform|rotation'):
        solver.track(target, solver.chain.middle)
