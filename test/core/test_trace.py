"""A trace is the descent that `Solver.track` makes, seen step by step."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ik_gd.core.chain import Chain
from ik_gd.core.objective import Objective
from ik_gd.core.solver import Solver
from ik_gd.core.trace import Trace, trace

URDF = Path(__file__).parents[2] / 'urdf/so101.urdf'


@pytest.fixture(scope='module')
def solver() -> Solver:
    chain = Chain.from_urdf(URDF, 'base_link', 'gripper_frame_link')
    return Solver(chain, Objective.position())


@pytest.fixture(scope='module')
def descent(solver: Solver) -> Trace:
    target = solver.chain.forward(solver.chain.middle + 0.4)
    return trace(solver, target, solver.chain.middle, 50)


def test_starts_at_the_start_and_ends_on_target(solver: Solver, descent: Trace) -> None:
    np.testing.assert_array_equal(descent.joints[0], solver.chain.middle)
    assert descent.position_errors[-1] <= 1e-5


def test_the_cost_never_rises(descent: Trace) -> None:
    assert (np.diff(descent.costs) <= 0.0).all()
    assert len(descent.joints) == len(descent.costs) == len(descent.position_errors) > 2


def test_errors_belong_to_the_joints(solver: Solver, descent: Trace) -> None:
    target = solver.chain.forward(solver.chain.middle + 0.4)
    for q, error in zip(descent.joints, descent.position_errors, strict=True):
        away = np.linalg.norm(solver.chain.forward(q).position - target.position)
        assert away == pytest.approx(error, abs=1e-12)


def test_stops_where_it_is_told_to(solver: Solver) -> None:
    target = solver.chain.forward(solver.chain.middle + 0.4)
    assert len(trace(solver, target, solver.chain.middle, 3).joints) == 3
