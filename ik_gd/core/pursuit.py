"""The joint goal of each tick: solved from the goal before, with the velocity it moves at."""

from __future__ import annotations

from dataclasses import replace
from math import dist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ik_gd.core.kernels import layout, poses, progress
from ik_gd.core.solver import Solution, SolutionStatus, Solver

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain
    from ik_gd.core.follower_settings import FollowerSettings
    from ik_gd.core.motion import MotionLimits

Array = NDArray[np.float64]

_SEARCH_SEED = 0  # of the search for another branch: the same target, the same answer
_ITERATIONS = 10  # of the descent in a tick at most, where the settings name no number
_FINER = 1e-3  # of the solver's tolerances, so that slow targets do not make the goal stutter
_SAME = (0.98, 1.5)  # times a cost: outside, descent got somewhere, or the target is another
_BLOCKED = (SolutionStatus.STALLED, SolutionStatus.AT_LIMIT)


class Pursuit:
    """Finds the joint positions that follow a pose from tick to tick.

    Args:
        chain: the arm.
        solver: of the same chain.

    Attributes:
        goal: (n,) [rad or m].
        goal_velocity: (n,) [rad/s or m/s].
        solution: the newest; None before the first.
        iterations: of the newest tick.
        limiting_joint: which, at its limit, keeps the tip away; None if none does.
        is_beyond_reach: whether the newest pose is further away than the arm is long.
        is_stuck: whether no descent got closer for the stall time.
    """

    def __init__(self, chain: Chain, solver: Solver) -> None:
        self._chain = chain
        self._solver = solver
        fine = replace(solver.objective, tolerances=_FINER * solver.objective.tolerances)
        tracker = Solver(chain, fine, solver.settings)
        # Poses and goals are checked where they come in: the tick does not check them again.
        self._descend = tracker.track if fine.terms else tracker.descend_only
        self._transform = np.eye(4)
        self.goal = np.zeros(chain.dof)
        self.goal_velocity = np.zeros(chain.dof)
        self.solution: Solution | None = None
        self.iterations = 0
        self.limiting_joint: int | None = None
        self.is_beyond_reach = False
        self.is_stuck = False
        self._shoulder = chain.segments[0, layout.TRANSLATION]
        self._reach = chain.reach
        self._goal_before = np.zeros(chain.dof)
        self._solved = b''  # the bytes of the pose that the solution is for
        self._stuck_since: float | None = None
        self._stuck_cost = np.inf
        self._has_searched = False
        self._was_smooth = False

    def configure(self, settings: FollowerSettings, limits: MotionLimits) -> None:
        """Take on settings, and limits inside which goals shall be."""
        self._settings = settings
        self._limits = limits
        self._iterations = settings.iterations or _ITERATIONS

    def start(self, q: Array) -> None:
        """Begin with the goal at `q` (n,), at rest."""
        self.goal[:] = q
        self.goal_velocity[:] = 0.0
        self.solution = None
        self.iterations = 0
        self._solved = b''
        self._was_smooth = False
        self._stuck_cost = np.inf
        self._end_of_stall()

    def go_to(self, q: Array) -> None:
        """Make the posture `q` (n,) the goal: nothing is solved."""
        self.goal[:] = q
        self.goal_velocity[:] = 0.0
        self.solution = None
        self.iterations = 0
        self.limiting_joint = None
        self._was_smooth = False
        self._end_of_stall()

    def pursue(self, pose: Array, is_smooth: bool, now: float, dt: float) -> bool:
        """Solve for `pose`, from the goal before.

        Args:
            pose: (7,) position [m] and quaternion.
            is_smooth: whether it moved evenly since the last tick.
            now: [s].
            dt: in which it moved [s].

        Returns:
            Whether the solver's answer is finite.
        """
        self._goal_before[:] = self.goal
        self.iterations = 0
        if not self._is_done(pose):
            self._solve(pose, now)
        even = is_smooth and self._was_smooth and dt > 0.0
        self._was_smooth = is_smooth
        is_finite: bool = progress.goal_velocity(
            self._goal_before,
            self.goal,
            dt if even else 0.0,
            self._limits.max_velocity,
            self.goal_velocity,
        )
        return is_finite

    def find_limiting_joint(self, pose: Array) -> None:
        """Find the joint whose limit keeps the goal's tip from `pose` (7,), if one does."""
        joint = progress.pressing_joint(
            self._chain.segments,
            self.goal,
            pose,
            self._solver.objective.weights,
            self._limits.lower,
            self._limits.upper,
        )
        self.limiting_joint = joint if joint >= 0 else None

    def _is_done(self, pose: Array) -> bool:
        """Return whether the goal is the solution for `pose` already."""
        solution = self.solution
        return solution is not None and solution.converged and pose.tobytes() == self._solved

    def _solve(self, pose: Array, now: float) -> None:
        poses.transform_of(pose, self._transform)
        self.solution = self._descend(
            self._transform, self.goal, self._limits.lower, self._limits.upper, self._iterations
        )
        self.iterations = self.solution.iterations
        self.goal[:] = self.solution.q
        self._solved = pose.tobytes()
        self.is_beyond_reach = (
            dist(pose[:3], self._shoulder) > self._reach
            or self.solution.status is SolutionStatus.OUT_OF_REACH
        )
        self.limiting_joint = None
        if self.solution.status in _BLOCKED:
            self.find_limiting_joint(pose)
        cost = np.inf if self.solution.converged else self.solution.cost
        if not _SAME[0] * self._stuck_cost < cost < _SAME[1] * self._stuck_cost:
            self._stuck_cost = cost
            self._end_of_stall()
            return
        if self._stuck_since is None:
            self._stuck_since = now
        self.is_stuck = now - self._stuck_since >= self._settings.stall_time
        if self.is_stuck and self._settings.allow_branch_change and not self._has_searched:
            self._search()

    def _search(self) -> None:
        """Look for another branch from restarts; the motion then travels there in joint space."""
        self._has_searched = True
        found = self._solver.solve(self._transform, self.goal, _SEARCH_SEED)
        inside = (found.q >= self._limits.lower) & (found.q <= self._limits.upper)
        if found.converged and inside.all():
            self.solution = found
            self.goal[:] = found.q
            self._end_of_stall()

    def _end_of_stall(self) -> None:
        self._stuck_since = None
        self.is_stuck = False
        self._has_searched = False
