from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from ik_gd import Chain, MultiTipSolver, Objective, SolutionStatus, SolverSettings
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.terms import Posture

AXES = ('0 1 0', '1 0 0', '0 0 1', '0 1 0', '0 0 1', '0 1 0', '1 0 0')


def two_arms() -> str:
    """Return the URDF of a torso of two joints with two arms of seven."""
    text = ['<robot name="two_arms"><link name="base"/>']

    def add(name: str, parent: str, xyz: str, axis: str, reach: float) -> str:
        text.append(
            f'<link name="{name}"/><joint name="{name}_joint" type="revolute">'
            f'<parent link="{parent}"/><child link="{name}"/><origin xyz="{xyz}"/>'
            f'<axis xyz="{axis}"/>'
            f'<limit lower="-{reach}" upper="{reach}" velocity="2" effort="9"/></joint>'
        )
        return name

    chest = add('chest', add('waist', 'base', '0 0 0.3', '0 0 1', 2.5), '0 0 0.2', '0 1 0', 0.6)
    for side, y in (('left', 0.2), ('right', -0.2)):
        parent = chest
        for i, axis in enumerate(AXES):
            xyz = f'0 {y} 0.3' if i == 0 else f'0 0 {-0.28 if i in (3, 5) else 0.0}'
            parent = add(f'{side}{i}', parent, xyz, axis, 2.5)
    return ''.join([*text, '</robot>'])


@pytest.fixture(scope='module')
def solver() -> MultiTipSolver:
    return MultiTipSolver(two_arms(), [('left6', Objective.pose()), ('right6', Objective.pose())])


def test_both_tips_are_on_target_at_once(solver: MultiTipSolver) -> None:
    rng = np.random.default_rng(19)
    for _ in range(30):
        targets = solver.forward(rng.uniform(solver.lower, solver.upper))
        solution = solver.solve(targets)
        assert solution.converged
        assert np.all(solution.q >= solver.lower) and np.all(solution.q <= solver.upper)
        for pose, target in zip(solver.forward(solution.q), targets, strict=True):
            np.testing.assert_allclose(pose.matrix, target.matrix, rtol=0.0, atol=3e-5)


def test_shared_joints_are_counted_once(solver: MultiTipSolver) -> None:
    assert len(solver.joint_names) == 16
    left = Chain.from_urdf(two_arms(), tip_link='left6')
    q = np.random.default_rng(20).uniform(solver.lower, solver.upper)
    at = [solver.joint_names.index(name) for name in left.joint_names]
    np.testing.assert_allclose(solver.forward(q)[0].matrix, left.forward(q[at]).matrix, atol=1e-12)


def test_tracking_moves_all_joints_only_a_little(solver: MultiTipSolver) -> None:
    rng = np.random.default_rng(21)
    q = rng.uniform(0.5 * solver.lower, 0.5 * solver.upper)
    moved = q + rng.uniform(-0.02, 0.02, q.size)
    solution = solver.track(solver.forward(moved), q, q - 0.1, q + 0.1)
    assert solution.converged
    assert np.all(np.abs(solution.q - q) <= 0.1)


def test_what_one_tip_cannot_reach_is_reported_per_tip() -> None:
    solver = MultiTipSolver(
        two_arms(), [('left6', Objective.position()), ('right6', Objective.position())]
    )
    targets = [pose.matrix for pose in solver.forward(np.full(16, 0.3))]
    targets[1][0, 3] += 5.0
    solution = solver.solve(targets)
    assert solution.status is SolutionStatus.OUT_OF_REACH
    assert solution.position_errors[1] > 3.0


def test_wrong_questions_are_refused(solver: MultiTipSolver) -> None:
    with pytest.raises(TargetError, match='left6, right6'):
        solver.solve([np.eye(4)])
    with pytest.raises(TargetError):
        solver.solve([np.eye(4), np.full((4, 4), np.nan)])
    with pytest.raises(TargetError):
        solver.solve([np.eye(4), np.eye(4)], [0.0])
    with pytest.raises(SettingsError):
        MultiTipSolver(two_arms(), [])
    with pytest.raises(TargetError, match='exclude each other'):
        q = np.zeros(16)
        solver.track(solver.forward(q), q, q + 0.1, q - 0.1)
    with pytest.raises(SettingsError, match='quasi_newton'):
        settings = SolverSettings(step_rule='quasi_newton')
        MultiTipSolver(two_arms(), [('left6', Objective.pose())], settings=settings)


def test_no_start_of_scipys_finds_a_lower_cost_for_what_both_arms_cannot_reach() -> None:
    solver = MultiTipSolver(
        two_arms(), [('left6', Objective.position()), ('right6', Objective.position())]
    )
    rng = np.random.default_rng(22)
    for gap in (2.0, 3.0):  # [m] the hands are asked to be farther apart than the arms are long
        goals = np.array([[0.1, 0.5 * gap, 0.9], [-0.2, -0.5 * gap, 0.7]])
        targets = np.repeat(np.eye(4)[None], 2, axis=0)
        targets[:, :3, 3] = goals

        def error(q: np.ndarray, goals: np.ndarray = goals) -> np.ndarray:
            return np.ravel([pose.position for pose in solver.forward(q)] - goals)

        lowest = min(
            least_squares(
                error,
                rng.uniform(solver.lower, solver.upper),
                bounds=(solver.lower, solver.upper),
                max_nfev=100,
            ).cost
            for _ in range(6)
        )
        solution = solver.solve(list(targets))
        assert solution.status is not SolutionStatus.CONVERGED
        assert solution.cost == pytest.approx(0.5 * np.sum(error(solution.q) ** 2), rel=1e-9)
        assert solution.cost <= lowest * (1.0 + 1e-6)
        assert np.all(solution.q >= solver.lower) and np.all(solution.q <= solver.upper)


def test_the_same_question_has_bit_for_bit_the_same_answer(solver: MultiTipSolver) -> None:
    targets = solver.forward(np.random.default_rng(23).uniform(solver.lower, solver.upper))
    for rng in (None, 5):
        first, again = solver.solve(targets, rng=rng), solver.solve(targets, rng=rng)
        np.testing.assert_array_equal(first.q, again.q)


def test_nearest_is_never_farther_than_the_first_found(solver: MultiTipSolver) -> None:
    rng = np.random.default_rng(24)
    for _ in range(3):
        targets = solver.forward(rng.uniform(solver.lower, solver.upper))
        start = rng.uniform(solver.lower, solver.upper)
        first, nearest = solver.solve(targets, start), solver.solve(targets, start, nearest=True)
        assert nearest.converged
        assert np.linalg.norm(nearest.q - start) <= np.linalg.norm(first.q - start) + 1e-12


def test_a_search_ends_when_it_is_told_that_time_is_up(solver: MultiTipSolver) -> None:
    targets = [pose.matrix for pose in solver.forward(np.zeros(16))]
    targets[0][0, 3] += 5.0
    asked: list[int] = []

    def expired() -> bool:
        asked.append(1)
        return len(asked) >= 3

    assert solver.solve(targets, expired=expired).restarts == 2
    assert not solver.solve(targets, expired=lambda: True).converged


def test_tracking_keeps_each_joint_within_its_step(solver: MultiTipSolver) -> None:
    rng = np.random.default_rng(25)
    q = rng.uniform(0.5 * solver.lower, 0.5 * solver.upper)
    targets = solver.forward(rng.uniform(solver.lower, solver.upper))
    for _ in range(20):
        before, q = q, solver.track(targets, q, max_step=0.05).q
        assert np.abs(q - before).max() <= 0.05 + 1e-12


def test_terms_choose_among_solutions_and_spoil_nothing(solver: MultiTipSolver) -> None:
    left = solver.chains[0]
    posture = Posture(left.middle)
    bent = MultiTipSolver(
        two_arms(),
        [('left6', Objective.position().with_terms(posture)), ('right6', Objective.pose())],
    )
    plain = MultiTipSolver(
        two_arms(), [('left6', Objective.position()), ('right6', Objective.pose())]
    )
    at = [solver.joint_names.index(name) for name in left.joint_names]
    rng, gains = np.random.default_rng(26), []
    for _ in range(6):
        targets = solver.forward(rng.uniform(solver.lower, solver.upper))
        before, after = plain.solve(targets), bent.solve(targets)
        assert after.converged
        gains.append(
            posture.value(left, before.q[at], before.q[at])
            - posture.value(left, after.q[at], after.q[at])
        )
    assert min(gains) >= 0.0 and max(gains) > 0.1


def test_a_straight_pair_of_arms_leaves_its_singularity() -> None:
    solver = MultiTipSolver(
        two_arms(), [('left6', Objective.position()), ('right6', Objective.position())]
    )
    q = np.zeros(16)
    targets = [pose.matrix for pose in solver.forward(q)]
    for T in targets:
        T[2, 3] += 0.1  # straight up along both arms, which hang down
    for _ in range(60):
        q = solver.track(targets, q, max_step=0.05).q
    assert solver.track(targets, q).converged
