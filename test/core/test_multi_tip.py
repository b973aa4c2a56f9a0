from __future__ import annotations

import numpy as np
import pytest

from ik_gd import Chain, MultiTipSolver, Objective, SolutionStatus
from ik_gd.core.errors import SettingsError, TargetError

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
    assert solution.status is not SolutionStatus.CONVERGED
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
