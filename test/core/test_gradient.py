from __future__ import annotations

import numpy as np
import pytest
from arm_models import ARMS, ArmModel, random_urdfs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ik_gd import Chain, Objective
from ik_gd.core.gradient import distance_from_target, exact_gradient, sampled_gradient

OBJECTIVES = {
    'pose': Objective.pose(),
    'weights': Objective.pose((1.0, 2.0, 3.0), (0.1, 0.5, 2.0)),
    'weights of the tip': Objective.pose((1.0, 2.0, 3.0), (0.1, 0.5, 2.0), frame='tip'),
    'position': Objective.position(),
    'axis': Objective.position_and_axis((1.0, -2.0, 0.5)),
    'cone': Objective.position_and_axis((0.0, 0.0, 1.0), cone=0.3),
}


def some_joints(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(np.maximum(chain.lower, -3.0), np.minimum(chain.upper, 3.0))


@pytest.mark.parametrize('objective', OBJECTIVES.values(), ids=OBJECTIVES.keys())
@pytest.mark.parametrize('arm', ARMS, ids=str)
def test_exact_and_sampled_gradients_agree(arm: ArmModel, objective: Objective) -> None:
    chain, rng = arm.chain(), np.random.default_rng(2)
    for _ in range(10):
        target = chain.forward(some_joints(chain, rng))
        q = some_joints(chain, rng)
        exact = exact_gradient(chain, objective, target, q)
        sampled = sampled_gradient(chain, objective, target, q, central=True)
        np.testing.assert_allclose(exact, sampled, atol=2e-6)


@settings(max_examples=40, deadline=None)
@given(random_urdfs(), st.integers(0, 2**32 - 1), st.sampled_from(sorted(OBJECTIVES)))
def test_gradients_agree_on_random_arms(urdf: str, seed: int, name: str) -> None:
    chain, rng, objective = Chain.from_urdf(urdf), np.random.default_rng(seed), OBJECTIVES[name]
    target, q = chain.forward(some_joints(chain, rng)), some_joints(chain, rng)
    exact = exact_gradient(chain, objective, target, q)
    sampled = sampled_gradient(chain, objective, target, q, 1e-6, central=True)
    # Near half a turn the rotation vector jumps, and a sample may lie on the other side.
    if np.abs(sampled).max() < 1e3:
        np.testing.assert_allclose(exact, sampled, atol=1e-5 * (1.0 + np.abs(exact).max()))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_the_cost_is_half_the_squared_weighted_error(seed: int) -> None:
    chain, rng = ARMS[2].chain(), np.random.default_rng(seed)
    target, q = chain.forward(some_joints(chain, rng)).matrix, some_joints(chain, rng)
    tip = chain.forward(q).matrix
    error = np.concatenate(
        [
            target[:3, 3] - tip[:3, 3],
            Rotation.from_matrix(target[:3, :3] @ tip[:3, :3].T).as_rotvec(),
        ]
    )
    weights = np.array([2.0, 2.0, 2.0, 0.5, 0.5, 0.5])
    cost = distance_from_target(chain, Objective.pose(2.0, 0.5), target, q)
    assert cost == pytest.approx(0.5 * np.sum((weights * error) ** 2), rel=1e-9)


def test_half_a_turn_away_the_gradient_is_finite_and_the_cost_right() -> None:
    chain = Chain.from_urdf(
        '<robot name="r"><link name="a"/><link name="b"/><joint name="j" type="continuous">'
        '<parent link="a"/><child link="b"/><axis xyz="0 0 1"/></joint></robot>'
    )
    target = chain.forward([0.0])
    for q in (np.pi, -np.pi, np.pi - 1e-9):
        cost = distance_from_target(chain, Objective.pose(), target, [q])
        assert cost == pytest.approx(0.5 * np.pi**2, rel=1e-6)
        assert np.abs(exact_gradient(chain, Objective.pose(), target, [q])) == pytest.approx(
            np.pi, rel=1e-6
        )
