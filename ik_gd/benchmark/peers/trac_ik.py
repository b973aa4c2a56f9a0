"""TRAC-IK: KDL's Newton with restarts beside SLSQP, two threads, the first answer wins."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytracik

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.benchmark.verify import TWIST_TOLERANCE
from ik_gd.core.pose import Pose


class TracIk:
    """Mode Speed and 5 ms a target, as in its paper.

    Its tolerance counts along the axes of the tip; 1e-5 / sqrt(3) there is 1e-5 along any axes.
    """

    name: ClassVar[str] = 'TRAC-IK'
    max_targets: ClassVar[int | None] = 2000

    def __init__(self, arm: BenchArm) -> None:
        self._solver = pytracik.TRAC_IK(
            arm.chain.base_link,
            arm.chain.tip_link,
            arm.urdf_text,
            0.005,
            TWIST_TOLERANCE / 3**0.5,
            pytracik.SolveType.Speed,
        )

    def prepare(self, target: Array, q_start: Array) -> tuple[Any, ...]:
        pose = Pose.from_matrix(target)
        return (q_start, *pose.position.tolist(), *pose.quaternion_xyzw.tolist())

    def solve(self, problem: tuple[Any, ...]) -> Any:
        return pytracik.ik(self._solver, *problem)

    def answer(self, raw: Any) -> Answer:
        # the first number is KDL's return code, the joints follow
        return Answer(np.array(raw[1:]), True) if raw[0] >= 0 else Answer(None, False)
