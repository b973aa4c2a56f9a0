"""OptIK: SLSQP in Rust with the exact gradient and random restarts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

import numpy as np
import optik

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array, UnsupportedArm


class Optik:
    """One thread, `tol_f` 1e-10 (half the squared error: 1.4e-5), at most 100 ms a target."""

    name: ClassVar[str] = 'OptIK'
    max_targets: ClassVar[int | None] = None

    def __init__(self, arm: BenchArm) -> None:
        if arm.chain.is_prismatic.any():
            raise UnsupportedArm('OptIK has no prismatic joints')
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'arm.urdf'
            path.write_text(without_continuous(arm))
            chain = arm.chain
            self._robot = optik.Robot.from_urdf_file(str(path), chain.base_link, chain.tip_link)
        self._robot.set_parallelism(1)
        self._config = optik.SolverConfig(solution_mode='speed', max_time=0.1, tol_f=1e-10)

    def prepare(self, target: Array, q_start: Array) -> tuple[Array, Array]:
        return np.ascontiguousarray(target), q_start

    def solve(self, problem: tuple[Array, Array]) -> Any:
        return self._robot.ik(self._config, problem[0], problem[1])

    def answer(self, raw: Any) -> Answer:
        return Answer(None, False) if raw is None else Answer(np.asarray(raw[0]), True)


def without_continuous(arm: BenchArm) -> str:
    """Return the arm's URDF with -pi .. pi for continuous joints, which OptIK does not know."""
    robot = ElementTree.fromstring(arm.urdf_text)
    for joint in robot.findall('joint'):
        limit = joint.find('limit')
        if joint.get('type') == 'continuous' and limit is not None:
            joint.set('type', 'revolute')
            limit.attrib.update(lower=repr(-np.pi), upper=repr(np.pi))
    return ElementTree.tostring(robot, encoding='unicode')
