"""Is an answer right? Asked of Pinocchio, which shares no code with the solver."""

from __future__ import annotations

import numpy as np
import pinocchio
from numpy.typing import NDArray

from ik_gd.benchmark.arms import BenchArm

TWIST_TOLERANCE = 1e-5  # [m], [rad], every component
LIMIT_TOLERANCE = 1e-9  # [rad or m]: rounding, not violation


class Verifier:
    """Forward kinematics and the check of answers by Pinocchio, for one arm."""

    def __init__(self, arm: BenchArm) -> None:
        chain = arm.chain
        self._model = pinocchio.buildModelFromXML(arm.urdf_text)
        self._data = self._model.createData()
        self._tip = self._model.getFrameId(chain.tip_link)
        joints = [self._model.joints[self._model.getJointId(name)] for name in chain.joint_names]
        # Pinocchio stores a continuous joint as (cos, sin)
        self._places = [(joint.idx_q, joint.nq == 2) for joint in joints]
        self._columns = [joint.idx_v for joint in joints]
        self._lower = chain.lower - LIMIT_TOLERANCE
        self._upper = chain.upper + LIMIT_TOLERANCE

    def forward(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the tip in the base frame (4, 4) at joints q (n,)."""
        pinocchio.framesForwardKinematics(self._model, self._data, self._configuration(q))
        T: NDArray[np.float64] = self._data.oMf[self._tip].homogeneous
        return T

    def jacobian(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the tip's Jacobian (6, n), linear rows first, along the axes of the base."""
        J = pinocchio.computeFrameJacobian(
            self._model,
            self._data,
            self._configuration(q),
            self._tip,
            pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED,
        )
        columns: NDArray[np.float64] = J[:, self._columns]
        return columns

    def twist(self, q: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (6,): what takes the tip at `q` to `target` in the base frame [m], [rad]."""
        T = self.forward(q)
        turn = pinocchio.log3(target[:3, :3] @ T[:3, :3].T)
        return np.concatenate([target[:3, 3] - T[:3, 3], turn])

    def reaches(self, q: NDArray[np.float64], target: NDArray[np.float64]) -> bool:
        """Whether each component of the twist is within 1e-5 m / rad; False for NaN."""
        if not np.isfinite(q).all():
            return False
        return bool(np.abs(self.twist(q, target)).max() <= TWIST_TOLERANCE)

    def is_within_limits(self, q: NDArray[np.float64]) -> bool:
        """Whether every joint is within its limits, rounding apart; False for NaN."""
        return bool(((q >= self._lower) & (q <= self._upper)).all())

    def _configuration(self, q: NDArray[np.float64]) -> NDArray[np.float64]:
        configuration = np.empty(self._model.nq)
        for (place, is_circle), value in zip(self._places, q, strict=True):
            if is_circle:
                configuration[place : place + 2] = np.cos(value), np.sin(value)
            else:
                configuration[place] = value
        return configuration
