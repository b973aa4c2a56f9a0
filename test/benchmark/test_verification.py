"""The benchmark's judge: it must find wrong answers, whoever gives them."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='Pinocchio (pip install pin) judges the answers')

from ik_gd.benchmark.arms import BenchArm, load_arm, serial_urdf
from ik_gd.benchmark.verify import TWIST_TOLERANCE, Verifier

ARM_NAMES = ('so101', 'desk6', 'scara4', 'rail7', 'turner6')


@pytest.fixture(params=ARM_NAMES)
def arm(request: pytest.FixtureRequest) -> BenchArm:
    return load_arm(request.param)


def test_accepts_the_joints_that_made_the_target(arm: BenchArm) -> None:
    verifier = Verifier(arm)
    for q in arm.random_joints(20, np.random.default_rng(1)):
        target = arm.chain.forward(q).matrix
        assert verifier.reaches(q, target)
        assert verifier.is_within_limits(q)


@pytest.mark.parametrize('component', range(6))
@pytest.mark.parametrize('sign', [-1.0, 1.0])
def test_rejects_a_target_missed_by_little_more_than_the_tolerance(
    arm: BenchArm, component: int, sign: float
) -> None:
    verifier = Verifier(arm)
    q = arm.random_joints(1, np.random.default_rng(component))[0]
    for factor, is_reached in ((0.9, True), (1.1, False)):
        twist = np.zeros(6)
        twist[component] = sign * factor * TWIST_TOLERANCE
        assert verifier.reaches(q, _moved(verifier.forward(q), twist)) is is_reached


def test_rejects_nan_and_a_half_turn(arm: BenchArm) -> None:
    verifier = Verifier(arm)
    q = arm.chain.middle
    target = verifier.forward(q)
    assert not verifier.reaches(np.full_like(q, np.nan), target)
    assert not verifier.is_within_limits(np.full_like(q, np.nan))
    assert not verifier.reaches(q, target @ np.diag([1.0, -1.0, -1.0, 1.0]))


def test_finds_the_joint_outside_its_limits(arm: BenchArm) -> None:
    verifier = Verifier(arm)
    for i in np.flatnonzero(np.isfinite(arm.chain.lower)):
        q = arm.chain.middle.copy()
        q[i] = arm.chain.upper[i]
        assert verifier.is_within_limits(q)
        q[i] = arm.chain.upper[i] + 1e-6
        assert not verifier.is_within_limits(q)
        q[i] = arm.chain.lower[i] - 1e-6
        assert not verifier.is_within_limits(q)


def test_the_bare_urdf_moves_as_the_vendors_file() -> None:
    pinocchio = pytest.importorskip('pinocchio')
    pybullet_data = pytest.importorskip('pybullet_data')
    path = f'{pybullet_data.getDataPath()}/franka_panda/panda.urdf'
    whole = pinocchio.buildModelFromUrdf(path)
    with open(path) as file:
        bare = pinocchio.buildModelFromXML(
            serial_urdf(file.read(), 'panda_link0', 'panda_grasptarget')
        )
    rng = np.random.default_rng(2)
    for _ in range(10):
        q = rng.uniform(-2.0, 2.0, 7)
        places = []
        for model, joints in ((whole, np.append(q, [0.0, 0.0])), (bare, q)):
            data = model.createData()
            pinocchio.framesForwardKinematics(model, data, joints)
            places.append(data.oMf[model.getFrameId('panda_grasptarget')].homogeneous)
        np.testing.assert_allclose(places[0], places[1], atol=1e-12)


def _moved(T: np.ndarray, twist: np.ndarray) -> np.ndarray:
    """Return T shifted by twist[:3] and turned by twist[3:], both along the axes of the base."""
    import pinocchio

    moved = T.copy()
    moved[:3, 3] += twist[:3]
    moved[:3, :3] = pinocchio.exp3(twist[3:]) @ T[:3, :3]
    return moved
