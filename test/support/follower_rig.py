"""A follower with an arm that obeys at once, and a clock that tests turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from arm_models import BULLET
from limit_judge import assert_kept

from ik_gd.core.chain import Chain
from ik_gd.core.follower import Follower, FollowerSettings, FollowerState
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver
from ik_gd.core.tick import Tick

PERIOD = 0.01
PANDA = BULLET[0]
# A posture in the middle of the workspace, away from limits and singularities.
PANDA_READY = np.array([0.0, -0.4, 0.0, -2.0, 0.0, 1.6, 0.8])

FIVE_JOINTS = """<robot name="five">
<link name="base"/>
<link name="a"/><joint name="pan" type="revolute"><parent link="base"/><child link="a"/>
  <origin xyz="0 0 0.05"/><axis xyz="0 0 1"/>
  <limit lower="-1.9" upper="1.9" velocity="3" effort="3"/></joint>
<link name="b"/><joint name="lift" type="revolute"><parent link="a"/><child link="b"/>
  <origin xyz="0.03 0 0.05"/><axis xyz="0 1 0"/>
  <limit lower="-1.7" upper="1.7" velocity="2" effort="3"/></joint>
<link name="c"/><joint name="elbow" type="revolute"><parent link="b"/><child link="c"/>
  <origin xyz="0 0 0.12"/><axis xyz="0 1 0"/>
  <limit lower="-0.3" upper="2.5" velocity="2" effort="3"/></joint>
<link name="d"/><joint name="wrist" type="revolute"><parent link="c"/><child link="d"/>
  <origin xyz="0 0 0.13"/><axis xyz="0 1 0"/>
  <limit lower="-1.6" upper="1.6" velocity="4" effort="3"/></joint>
<link name="tip"/><joint name="roll" type="continuous"><parent link="d"/><child link="tip"/>
  <origin xyz="0 0 0.06"/><axis xyz="0 0 1"/></joint>
</robot>"""

PRISMATIC = """<robot name="gantry">
<link name="base"/>
<link name="a"/><joint name="x" type="prismatic"><parent link="base"/><child link="a"/>
  <axis xyz="1 0 0"/><limit lower="0" upper="0.4" velocity="0.3" effort="3"/></joint>
<link name="b"/><joint name="y" type="prismatic"><parent link="a"/><child link="b"/>
  <axis xyz="0 1 0"/><limit lower="-0.2" upper="0" velocity="0.2" effort="3"/></joint>
<link name="tip"/><joint name="turn" type="revolute"><parent link="b"/><child link="tip"/>
  <origin xyz="0 0 0.1"/><axis xyz="0 0 1"/>
  <limit lower="0.5" upper="0.5" velocity="1" effort="3"/></joint>
</robot>"""


class Rig:
    """Ticks a follower and feeds its commands back as measured positions.

    Attributes:
        now: [s].
        measured: (n,) [rad or m].
        tick: the newest.
    """

    def __init__(
        self,
        chain: Chain,
        q: np.ndarray,
        objective: Objective | None = None,
        now: float = 1000.0,
        solver: Solver | None = None,
        **settings: Any,
    ) -> None:
        self.chain = chain
        self.settings = FollowerSettings(**settings)
        self.limits = self.settings.motion_limits(chain)
        self.solver = solver or Solver(chain, objective)
        self.follower = Follower(chain, self.solver, self.settings)
        self.now = now
        self.measured = np.array(q, dtype=float)
        self.tick: Tick | None = None
        self._streams: list[tuple[list[float], list[np.ndarray]]] = []
        self._is_silent = True

    @property
    def state(self) -> FollowerState:
        assert self.tick is not None
        return self.tick.state

    @property
    def tip(self) -> Pose:
        return self.chain.forward(self.measured)

    def step(
        self, dt: float = PERIOD, feedback: bool = True, noise: np.ndarray | None = None
    ) -> Tick:
        """Let `dt` [s] pass, tell the measured positions, tick."""
        self.now += dt
        if feedback:
            told = self.measured if noise is None else self.measured + noise
            self.follower.set_joint_states(told, self.now)
        self.tick = self.follower.tick(self.now)
        if self.tick.command is None:
            # Of two ticks at once the second says nothing: that ends no stream.
            self._is_silent = self._is_silent or dt >= 0.1 * PERIOD
            return self.tick
        if self._is_silent:
            self._streams.append(([], []))
            self._is_silent = False
        self._streams[-1][0].append(self.now)
        self._streams[-1][1].append(self.tick.command)
        self.measured = self.tick.command
        return self.tick

    def run(self, seconds: float, **options: Any) -> Tick:
        """Tick on time for so long."""
        for _ in range(round(seconds / PERIOD)):
            tick = self.step(**options)
        return tick

    def published(self) -> np.ndarray:
        """Return every command since the last silence (N, n)."""
        return np.array(self._streams[-1][1])

    def assert_limits_were_kept(self) -> None:
        """Judge all that was published; a silence ends one stream and begins another."""
        for times, commands in self._streams:
            if len(times) > 1:
                assert_kept(np.diff(times), np.array(commands), self.limits)


def panda_rig(**settings: Any) -> Rig:
    return Rig(PANDA.chain(), PANDA_READY, **settings)


def shifted(pose: Pose, *offset: float) -> Pose:
    """Return `pose` moved by `offset` (3,) [m] in its parent frame."""
    return Pose(pose.position + np.array(offset), pose.quaternion_xyzw)
