from __future__ import annotations

import math

import numpy as np
import pinocchio
import pytest
from arm_models import ARMS, ArmModel, random_urdfs
from hypothesis import given, settings

from ik_gd.core.chain import Chain
from ik_gd.core.errors import TargetError, UrdfError
from ik_gd.core.urdf import load_urdf_text


class Judge:
    """Pinocchio's kinematics of the same URDF text or file."""

    def __init__(self, chain: Chain, model: pinocchio.Model) -> None:
        self._chain, self._model, self._data = chain, model, model.createData()
        self._tip = model.getFrameId(chain.tip_link)
        self._base = model.getFrameId(chain.base_link)

    def forward_and_jacobian(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return (4, 4) and (6, n) in the base frame."""
        configuration = pinocchio.neutral(self._model)
        columns = []
        for name, value in zip(self._chain.joint_names, q, strict=True):
            joint = self._model.joints[self._model.getJointId(name)]
            if joint.nq == 2:  # Pinocchio keeps a continuous joint as (cos, sin)
                configuration[joint.idx_q : joint.idx_q + 2] = math.cos(value), math.sin(value)
            else:
                configuration[joint.idx_q] = value
            columns.append(joint.idx_v)
        pinocchio.computeJointJacobians(self._model, self._data, configuration)
        pinocchio.framesForwardKinematics(self._model, self._data, configuration)
        base = self._data.oMf[self._base]
        J = pinocchio.getFrameJacobian(
            self._model, self._data, self._tip, pinocchio.LOCAL_WORLD_ALIGNED
        ).reshape(6, -1)[:, columns]  # a single column comes as a vector
        rotated = np.vstack([base.rotation.T @ J[:3], base.rotation.T @ J[3:]])
        return (base.inverse() * self._data.oMf[self._tip]).homogeneous, rotated


def random_joints(chain: Chain, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(np.maximum(chain.lower, -4.0), np.minimum(chain.upper, 4.0))


@pytest.mark.parametrize('arm', ARMS, ids=str)
def test_kinematics_agree_with_pinocchio_on_every_arm(arm: ArmModel) -> None:
    chain = arm.chain()
    judge = Judge(chain, pinocchio.buildModelFromXML(load_urdf_text(arm.path)[0]))
    rng = np.random.default_rng(1)
    for _ in range(200):
        q = random_joints(chain, rng)
        T, J = judge.forward_and_jacobian(q)
        np.testing.assert_allclose(chain.forward(q).matrix, T, atol=1e-9)
        np.testing.assert_allclose(chain.jacobian(q), J, atol=1e-9)


@settings(deadline=None, max_examples=150)
@given(random_urdfs())
def test_kinematics_agree_with_pinocchio_on_random_chains(text: str) -> None:
    chain = Chain.from_urdf(text)
    judge = Judge(chain, pinocchio.buildModelFromXML(text))
    q = random_joints(chain, np.random.default_rng(2))
    T, J = judge.forward_and_jacobian(q)
    np.testing.assert_allclose(chain.forward(q).matrix, T, atol=1e-9)
    np.testing.assert_allclose(chain.jacobian(q), J, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(random_urdfs())
def test_no_configuration_puts_the_tip_beyond_the_reach(text: str) -> None:
    chain = Chain.from_urdf(text)
    first_origin = chain.segments[0, 9:12]
    rng = np.random.default_rng(3)
    for _ in range(50):
        q = rng.uniform(np.maximum(chain.lower, -4.0), np.minimum(chain.upper, 4.0))
        tip = chain.forward(q).position
        assert np.linalg.norm(tip - first_origin) <= chain.reach + 1e-9


MIMIC = """
<robot name="m"><link name="a"/><link name="b"/><link name="c"/><link name="d"/>
<joint name="lift" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 1 0"/>
  <limit lower="-2" upper="1" velocity="3"/></joint>
<joint name="follow" type="revolute"><parent link="b"/><child link="c"/>
  <origin xyz="0 0 0.3"/><axis xyz="0 1 0"/>
  <mimic joint="lift" multiplier="-2" offset="0.5"/>
  <limit lower="-1" upper="2" velocity="3"/></joint>
<joint name="slide" type="prismatic"><parent link="c"/><child link="d"/><axis xyz="0 0 1"/>
  <limit lower="0" upper="0.2"/></joint></robot>
"""


def test_mimic_joint_moves_with_its_source() -> None:
    chain = Chain.from_urdf(MIMIC)
    assert chain.joint_names == ('lift', 'slide')
    q = np.array([0.3, 0.1])
    # Both joints turn about y: their angles add up.
    total = 0.3 + (-2 * 0.3 + 0.5)
    position = 0.3 * np.array([math.sin(0.3), 0, math.cos(0.3)])
    position += 0.1 * np.array([math.sin(total), 0, math.cos(total)])
    np.testing.assert_allclose(chain.forward(q).position, position, atol=1e-12)
    step = 1e-6
    for j in range(2):
        moved = q + step * np.eye(2)[j]
        slope = (chain.forward(moved).position - chain.forward(q).position) / step
        np.testing.assert_allclose(chain.jacobian(q)[:3, j], slope, atol=1e-5)


def test_limits_of_a_mimic_joint_bound_its_source() -> None:
    chain = Chain.from_urdf(MIMIC)
    # -1 <= -2 q + 0.5 <= 2 and -2 <= q <= 1; the follower's 3 rad/s allow 1.5 rad/s
    assert (chain.lower[0], chain.upper[0]) == (-0.75, 0.75)
    assert chain.max_velocity[0] == 1.5


def test_joints_that_mimic_in_a_circle_are_refused() -> None:
    text = MIMIC.replace(
        '<axis xyz="0 1 0"/>\n  <limit lower="-2"',
        '<axis xyz="0 1 0"/><mimic joint="follow"/>\n  <limit lower="-2"',
    )
    with pytest.raises(UrdfError, match='in a circle: lift -> follow'):
        Chain.from_urdf(text)


def test_floating_joint_on_the_chain_is_refused_and_elsewhere_ignored() -> None:
    text = (
        '<robot name="f"><link name="world"/><link name="a"/><link name="b"/>'
        '<joint name="free" type="floating"><parent link="world"/><child link="a"/></joint>'
        '<joint name="j" type="continuous"><parent link="a"/><child link="b"/></joint></robot>'
    )
    with pytest.raises(UrdfError, match=r"'free' between 'world' and 'b' is floating"):
        Chain.from_urdf(text)
    assert Chain.from_urdf(text, 'a', 'b').joint_names == ('j',)


def test_chain_without_movable_joint_is_refused() -> None:
    text = (
        '<robot name="f"><link name="a"/><link name="b"/>'
        '<joint name="j" type="fixed"><parent link="a"/><child link="b"/></joint></robot>'
    )
    with pytest.raises(UrdfError, match=r"no movable joint between 'a' and 'b'"):
        Chain.from_urdf(text)


def test_wrong_joint_vectors_are_refused_by_name() -> None:
    chain = Chain.from_urdf(MIMIC)
    with pytest.raises(TargetError, match='the 2 joints are lift, slide'):
        chain.forward([0.0, 0.0, 0.0])
    with pytest.raises(TargetError, match='NaN or infinite for slide'):
        chain.jacobian([0.0, math.nan])


def test_arrays_are_read_only() -> None:
    chain = Chain.from_urdf(MIMIC)
    for array in (chain.lower, chain.upper, chain.max_velocity, chain.segments):
        with pytest.raises(ValueError, match='read-only'):
            array[0] = 1.0


def test_public_names_are_importable() -> None:
    import ik_gd

    assert ik_gd.Chain is Chain
    with pytest.raises(AttributeError, match='Chian'):
        ik_gd.Chian  # noqa: B018
