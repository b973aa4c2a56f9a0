"""PyBullet's `calculateInverseKinematics`: damped least squares inside the simulator."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from xml.etree import ElementTree

import numpy as np
import pybullet

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.benchmark.verify import TWIST_TOLERANCE
from ik_gd.core.pose import Pose


class Bullet:
    """200 iterations from the start, without limits.

    With limits and rest poses it pulls towards these and then met none of 200 targets at 1e-4.
    """

    name: ClassVar[str] = 'PyBullet'
    max_targets: ClassVar[int | None] = 500

    def __init__(self, arm: BenchArm) -> None:
        self._client = pybullet.connect(pybullet.DIRECT)
        with TemporaryDirectory() as folder:
            path = Path(folder) / 'arm.urdf'
            path.write_text(_with_solid_root(arm.urdf_text))
            self._body = pybullet.loadURDF(
                str(path), useFixedBase=True, physicsClientId=self._client
            )
        count = pybullet.getNumJoints(self._body, physicsClientId=self._client)
        infos = [
            pybullet.getJointInfo(self._body, i, physicsClientId=self._client)
            for i in range(count)
        ]
        self._movable = [info[0] for info in infos if info[2] != pybullet.JOINT_FIXED]
        self._tip = next(info[0] for info in infos if info[12].decode() == arm.chain.tip_link)
        self._settings = {
            'maxNumIterations': 200,
            'residualThreshold': 0.5 * TWIST_TOLERANCE,
            'physicsClientId': self._client,
        }

    def __del__(self) -> None:
        if hasattr(self, '_client') and pybullet.isConnected(self._client):
            pybullet.disconnect(self._client)

    def prepare(self, target: Array, q_start: Array) -> tuple[Any, Any]:
        for i, value in zip(self._movable, q_start, strict=True):
            pybullet.resetJointState(self._body, i, value, physicsClientId=self._client)
        pose = Pose.from_matrix(target)
        return pose.position.tolist(), pose.quaternion_xyzw.tolist()

    def solve(self, problem: tuple[Any, Any]) -> Any:
        return pybullet.calculateInverseKinematics(
            self._body, self._tip, problem[0], problem[1], **self._settings
        )

    def answer(self, raw: Any) -> Answer:
        return Answer(np.array(raw), False)  # it never says whether it arrived


def _with_solid_root(urdf_text: str) -> str:
    """Give the first link the inertia of the last: PyBullet complains of links without."""
    robot = ElementTree.fromstring(urdf_text)
    links = robot.findall('link')
    links[0].extend(links[-1].findall('inertial'))
    return ElementTree.tostring(robot, encoding='unicode')
