"""Anything at any time: targets jump, joints drop out, ticks come late, users press buttons.

IK_GD_STORM_TICKS sets how many ticks are made in all: 200,000 unless told otherwise. The compiled
storm of test_motion.py makes two million steps of the same motion in every run.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from arm_models import BULLET
from follower_rig import FIVE_JOINTS, PERIOD, PRISMATIC, Rig

from ik_gd.core.chain import Chain
from ik_gd.core.errors import TargetError
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solution, Solver
from ik_gd.core.states import FollowerState

TICKS = int(os.environ.get('IK_GD_STORM_TICKS', '200_000'))
ITERATIONS = 6
STALL_TIME = 0.1
ARMS = {
    **{model.name: model.chain for model in BULLET},
    'five': lambda: Chain.from_urdf(FIVE_JOINTS),
    'gantry': lambda: Chain.from_urdf(PRISMATIC),
}
KINDS = [
    {'path': 'joint'},
    {'path': 'cartesian'},
    {'path': 'joint', 'max_jerk': 400.0, 'allow_branch_change': True},
    {'path': 'cartesian', 'max_jerk': 400.0},
]
UNKNOWN = np.array([0.0, 0.0, 0.0, 1.0])


class CountingSolver(Solver):
    """Counts searches with restarts: the only work of a tick that is more than a few steps."""

    searches = 0

    def solve(self, *args: Any, **options: Any) -> Solution:
        self.searches += 1
        return super().solve(*args, **options)


class Storm:
    """Presses buttons on a rig at random."""

    def __init__(self, name: str, kind: dict[str, Any], seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        chain = ARMS[name]()
        n = chain.dof
        self.low = np.maximum(chain.lower, -3.0)
        self.high = np.minimum(chain.upper, 3.0)
        settings = {
            'max_acceleration': rng.uniform(2.0, 15.0, n).tolist(),
            'max_velocity_scale': float(rng.uniform(0.2, 1.0)),
            'position_limit_margin': float(rng.choice([0.0, 0.0, 1e-3])) * (name != 'gantry'),
            'target_timeout': float(rng.choice([0.0, 0.3])),
            'stall_time': STALL_TIME,
            'iterations': ITERATIONS,
            'max_following_error': 0.7,
            **kind,
        }
        start = self.low + (self.high - self.low) * rng.uniform(-0.05, 1.05, n)
        objective = Objective.pose() if n >= 6 else Objective.position()
        self.rig = Rig(
            chain, start, objective, solver=CountingSolver(chain, objective), **settings
        )
        self.base = chain.forward(start)
        self.is_hearing = True

    def buttons(self, chance: float) -> None:
        """Do what the number `chance`, 0 .. 1, stands for."""
        follower, now, rng = self.rig.follower, self.rig.now, self.rng
        if chance < 0.30:  # a stream
            wave = 0.1 * np.array([np.sin(now), np.cos(1.3 * now), np.sin(0.7 * now)])
            follower.set_target(Pose(self.base.position + wave, self.base.quaternion_xyzw), now)
        elif chance < 0.33:  # a jump, often out of reach
            q = self.low + (self.high - self.low) * rng.uniform(0.0, 1.0, len(self.low))
            there = self.rig.chain.forward(q)
            scale = 3.0 if rng.random() < 0.3 else 1.0
            self.base = Pose(there.position * scale, there.quaternion_xyzw)
            follower.set_target(self.base, now)
        elif chance < 0.36:
            frame = 'tip' if rng.random() < 0.5 else 'base'
            follower.set_twist(rng.normal(0.0, 0.5, 3), rng.normal(0.0, 1.0, 3), now, frame)
        elif chance < 0.362:
            follower.stop(now)
        elif chance < 0.364:
            follower.home(now)
        elif chance < 0.366:
            follower.pause(True, now)
        elif chance < 0.380:
            follower.pause(False, now)
        elif chance < 0.381:
            follower.raise_fault('thunder', now)
        elif chance < 0.400:
            follower.clear_fault(now)
        elif chance < 0.402:
            follower.configure(self.rig.settings, now)
        elif chance < 0.405:
            with pytest.raises(TargetError):
                follower.set_target(Pose(np.full(3, np.nan), UNKNOWN), now)
        elif chance < 0.408:
            with pytest.raises(TargetError):
                follower.set_twist([np.inf, 0.0, 0.0], np.zeros(3), now)
        elif chance < 0.410:
            self.is_hearing = rng.random() < 0.7
        elif chance < 0.440:
            self.is_hearing = True

    def run(self, count: int) -> set[FollowerState]:
        """Make `count` ticks and return the states that were seen."""
        rig, rng = self.rig, self.rng
        n = rig.chain.dof
        factors = rng.choice(
            [1.0, 0.9, 1.1, 0.2, 0.05, 3.0, 10.0, 60.0],
            count,
            p=[0.8, 0.06, 0.06, 0.03, 0.01, 0.02, 0.01, 0.01],
        )
        noises = rng.normal(0.0, 0.02, (count, n))
        noises[rng.random((count, n)) < 0.01] = np.nan
        seen = set()
        for factor, noise, chance in zip(factors, noises, rng.random(count), strict=True):
            self.buttons(chance)
            tick = rig.step(factor * PERIOD, feedback=self.is_hearing, noise=noise)
            seen.add(tick.state)
            assert tick.iterations <= ITERATIONS
            if tick.command is None and chance > 0.99:
                rig.measured = rig.measured + rng.normal(0.0, 0.2, n)  # moved by hand
        return seen


@pytest.mark.parametrize('kind', KINDS, ids=lambda kind: '-'.join(map(str, kind.values())))
@pytest.mark.parametrize('name', ARMS)
def test_no_limit_is_ever_broken(name: str, kind: dict[str, Any]) -> None:
    count = TICKS // (len(ARMS) * len(KINDS))
    storm = Storm(name, kind, seed=len(name) * 7 + len(kind))
    began = storm.rig.now
    seen = storm.run(count)
    storm.rig.assert_limits_were_kept()
    assert {
        FollowerState.TRACKING,
        FollowerState.PAUSED,
        FollowerState.FAULT,
        FollowerState.STALE_FEEDBACK,
        FollowerState.HOLDING,
    } <= seen
    searches = storm.rig.solver.searches
    assert searches <= (storm.rig.now - began) / STALL_TIME
    if not kind.get('allow_branch_change'):
        assert searches == 0
