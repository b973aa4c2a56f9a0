"""Compiles all that a control tick runs, or loads it from disk, before the first tick needs it.

`python -m ik_gd.core.warm_up` does it for an arm of two joints: machine code does not depend on
the arm, so every later start of a node finds it on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from ik_gd.core.chain import Chain
from ik_gd.core.follower import Follower
from ik_gd.core.follower_settings import PATHS, FollowerSettings
from ik_gd.core.pose import Pose
from ik_gd.core.pursuit import Pursuit
from ik_gd.core.solver import Solver

_STREAM_LENGTH = 5  # messages: enough for their velocity to be trusted

_TWO_JOINTS = """
<robot name="two_joints"><link name="base"/><link name="arm"/><link name="tip"/>
  <joint name="a" type="revolute"><parent link="base"/><child link="arm"/><axis xyz="0 0 1"/>
    <limit lower="-1" upper="1" velocity="1"/></joint>
  <joint name="b" type="revolute"><parent link="arm"/><child link="tip"/><axis xyz="0 1 0"/>
    <origin xyz="0.1 0 0"/><limit lower="-1" upper="1" velocity="1"/></joint>
</robot>
"""


def warm_up(chain: Chain, solver: Solver, settings: FollowerSettings) -> None:
    """Run once through what ticks can do, with followers of its own."""
    q = np.clip(chain.middle + 0.1, chain.lower, chain.upper)
    there = chain.forward(np.clip(q + 0.1, chain.lower, chain.upper))
    zero = np.zeros(3)
    for path in PATHS:
        follower = Follower(chain, solver, replace(settings, path=path))
        requests: list[Callable[[float], None]] = [
            partial(follower.set_twist, zero, zero, frame='base'),
            partial(follower.set_twist, zero, zero, frame='tip'),
            follower.home,
            follower.stop,
            *(partial(follower.set_target, pose) for pose in _stream_to(there)),
        ]
        now = 0.0
        for request in requests:
            now += 1.0 / settings.rate
            follower.set_joint_states(q, now)
            request(now=now)  # type: ignore[call-arg]
            follower.tick(now)
    pursuit = Pursuit(chain, solver)
    pursuit.configure(settings, settings.motion_limits(chain))
    pursuit.find_limiting_joint(np.array([*there.position, *there.quaternion_xyzw]))


def _stream_to(end: Pose) -> list[Pose]:
    """Return poses that move evenly, as the messages of a moving target do."""
    return [
        Pose(end.position + np.array((0.0, 0.0, 1e-4 * k)), end.quaternion_xyzw)
        for k in range(-_STREAM_LENGTH, 1)
    ]


if __name__ == '__main__':
    _chain = Chain.from_urdf(_TWO_JOINTS)
    _chain.jacobian(_chain.middle)
    warm_up(_chain, Solver(_chain), FollowerSettings())
