"""Pink: one quadratic programme a step over Pinocchio, iterated to the target."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pink
import pinocchio
from pink.limits import ConfigurationLimit
from pink.tasks import FrameTask

from ik_gd.benchmark.arms import BenchArm
from ik_gd.benchmark.peers.peer import Answer, Array
from ik_gd.benchmark.verify import TWIST_TOLERANCE

_STEPS = 200


class Pink:
    """Up to 200 undamped full steps inside the joint limits, QPs by quadprog, no restarts."""

    name: ClassVar[str] = 'Pink'
    max_targets: ClassVar[int | None] = 50

    def __init__(self, arm: BenchArm) -> None:
        self._model = pinocchio.buildModelFromXML(arm.urdf_text)
        self._data = self._model.createData()
        self._task = FrameTask(arm.chain.tip_link, position_cost=1.0, orientation_cost=1.0)
        self._limits = [ConfigurationLimit(self._model)]

    def prepare(self, target: Array, q_start: Array) -> Any:
        self._task.set_target(pinocchio.SE3(target))
        # integrating from neutral turns joint positions into Pinocchio's configuration
        q = pinocchio.integrate(self._model, pinocchio.neutral(self._model), q_start)
        return pink.Configuration(self._model, self._data, q)

    def solve(self, configuration: Any) -> Any:
        for _ in range(_STEPS):
            if np.abs(self._task.compute_error(configuration)).max() <= 0.5 * TWIST_TOLERANCE:
                return configuration, True
            try:
                velocity = pink.solve_ik(
                    configuration,
                    [self._task],
                    1.0,
                    solver='quadprog',
                    limits=self._limits,
                    safety_break=False,
                )
            except pink.exceptions.PinkError:
                break  # the programme has no solution
            configuration.integrate_inplace(velocity, 1.0)
        return configuration, False

    def answer(self, raw: Any) -> Answer:
        configuration, claims = raw
        neutral = pinocchio.neutral(self._model)
        return Answer(pinocchio.difference(self._model, neutral, configuration.q), claims)
