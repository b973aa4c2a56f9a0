import numpy as np
import pytest

from ik_gd import Chain, Objective, Pose, SolutionStatus, Solver
from ik_gd.core.errors import TargetError


@pytest.fixture(scope='module')
def solver(desk6):
    return Solver(desk6)


@pytest.fixture(scope='module')
def desk6():
    return Chain.from_urdf('urdf/desk6.urdf.xacro')


def reachable(chain, count, seed=0):
    rng = np.random.default_rng(seed)
    return [chain.forward(q) for q in rng.uniform(chain.lower, chain.upper, (count, chain.dof))]


def test_solutions_bring_the_tip_to_the_target_inside_the_limits(solver, desk6):
    for target in reachable(desk6, 100):
        solution = solver.solve(target)
        assert solution.status is SolutionStatus.CONVERGED
        assert np.all(solution.q >= desk6.lower) and np.all(solution.q <= desk6.upper)
        reached = desk6.forward(solution.q)
        assert np.abs(reached.matrix - target.matrix).max() < 2e-5


@pytest.mark.parametrize('spoil', [np.nan, np.inf, 2.0])
def test_a_target_that_is_no_rigid_transform_is_refused(solver, spoil):
    target = np.eye(4)
    target[0, 0] = spoil
    with pytest.raises(TargetError):
        solver.solve(target)
    with pytest.raises(TargetError):
        solver.track(target, solver.chain.middle)


def test_tracking_stays_inside_the_bounds_it_is_given(solver, desk6):
    start = desk6.middle
    box = start - 0.01, start + 0.01
    target = desk6.forward(start + 0.3)
    solution = solver.track(target, start, *box)
    assert np.all(solution.q >= box[0]) and np.all(solution.q <= box[1])
    assert solution.cost < solver.track(target, start, start, start).cost


def test_a_position_is_reached_whatever_the_orientation(desk6):
    solver = Solver(desk6, Objective.position())
    for target in reachable(desk6, 20):
        solution = solver.solve(Pose(target.position))
        assert np.allclose(desk6.forward(solution.q).position, target.position, atol=2e-5)
