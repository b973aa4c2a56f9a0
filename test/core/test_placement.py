"""Figures are placed where the arm can follow them."""

import numpy as np
import pytest
from arm_models import BULLET, SHIPPED, ArmModel

from ik_gd.core.errors import SettingsError
from ik_gd.core.objective import Objective
from ik_gd.core.paths import SHAPES, ShapePath
from ik_gd.core.placement import place, random_poses
from ik_gd.core.solver import Solver


def solver_of(model: ArmModel) -> Solver:
    chain = model.chain()
    return Solver(chain, Objective.pose() if chain.dof >= 6 else Objective.position())


@pytest.mark.parametrize('model', [*SHIPPED, *BULLET], ids=str)
def test_the_arm_reaches_every_point_of_a_placed_figure_without_haste(model):
    solver = solver_of(model)
    chain = solver.chain
    found = place(solver, 'figure-eight', 10.0, np.random.default_rng(0))
    path = ShapePath('figure-eight', found.centre, found.size, 10.0, found.plane)
    q = found.q_centre
    for k in range(201):
        pose = path.round_pose(k / 200)
        solution = solver.track(pose, q, iterations=50)
        reached = chain.forward(solution.q)
        assert np.linalg.norm(reached.position - pose.position) < 5e-4
        assert (np.abs(solution.q - q) <= 0.6 * chain.max_velocity * 10.0 / 200).all() or k == 0
        assert (solution.q >= chain.lower).all() and (solution.q <= chain.upper).all()
        q = solution.q


@pytest.mark.parametrize('shape', SHAPES)
def test_every_shape_finds_a_place_of_its_own_and_always_the_same(shape):
    solver = solver_of(SHIPPED[-1])
    first, second = (place(solver, shape, 8.0, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first.centre.position, second.centre.position)
    assert first.size == second.size > 0.01


def test_a_figure_that_is_too_large_is_refused_with_advice():
    with pytest.raises(SettingsError, match='smaller size'):
        place(solver_of(SHIPPED[-1]), 'circle', 10.0, np.random.default_rng(0), size=5.0)


def test_a_given_size_and_plane_are_kept():
    found = place(
        solver_of(SHIPPED[-1]), 'circle', 10.0, np.random.default_rng(0), size=0.02, plane='xy'
    )
    assert (found.size, found.plane) == (0.02, 'xy')


def test_random_poses_are_above_the_base_and_as_many_as_asked():
    poses = random_poses(SHIPPED[-1].chain(), np.random.default_rng(0), 50)
    assert len(poses) == 50
    assert all(pose.position[2] > 0.0 for pose in poses)
