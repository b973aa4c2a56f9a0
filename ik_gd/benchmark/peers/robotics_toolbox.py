"""Robotics Toolbox for Python: `ik_LM`, its compiled Levenberg-Marquardt with Chan's damping."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import roboticstoolbox as rtb

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.benchmark.verify import TWIST_TOLERANCE
from ik_gd.core.kernels import layout


class RoboticsToolbox:
    """`ik_LM` with its defaults (30 iterations, 100 searches, Chan, k = 1).

    Only the tolerance differs: its default of 1e-6 on half the squared error lets 1.4e-3 rad
    pass, which the verification would reject. The chain is given as its elementary transforms,
    fixed ones merged, the quickest form that the library has.
    """

    name: ClassVar[str] = 'RTB ik_LM'
    max_targets: ClassVar[int | None] = None

    def __init__(self, arm: BenchArm) -> None:
        chain = arm.chain
        transforms = []
        for row in chain.segments:
            T = np.eye(4)
            T[:3, :3] = row[layout.ROTATION].reshape(3, 3)
            T[:3, 3] = row[layout.TRANSLATION]
            transforms.append(rtb.ET.SE3(T))
            i = len(transforms) // 2
            if i < chain.dof:
                element = rtb.ET.tz if chain.is_prismatic[i] else rtb.ET.Rz
                # a range of its own for continuous joints: infinite limits crash it (rtb#485)
                transforms.append(element(qlim=[arm.lower[i], arm.upper[i]]))
        self._ets = rtb.ETS(transforms)
        self._tolerance = 0.5 * TWIST_TOLERANCE**2

    def prepare(self, target: Array, q_start: Array) -> tuple[Array, Array]:
        return np.asfortranarray(target), q_start

    def solve(self, problem: tuple[Array, Array]) -> Any:
        return self._ets.ik_LM(problem[0], q0=problem[1], tol=self._tolerance)

    def answer(self, raw: Any) -> Answer:
        return Answer(np.asarray(raw.q), raw.success, raw.iterations, raw.searches)
