"""The control tick: from targets and joint states to the next joint command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ik_gd.core.feedback import Feedback, Supervisor
from ik_gd.core.follower_settings import FollowerSettings, per_joint
from ik_gd.core.motion import LONGEST_STEP, SHORTEST_STEP, JointMotion, MotionLimits
from ik_gd.core.pose import Pose
from ik_gd.core.progress import Progress
from ik_gd.core.pursuit import Pursuit
from ik_gd.core.reference import Asked, Reference
from ik_gd.core.states import CONDUCT, Conduct, Event, FollowerState, next_state
from ik_gd.core.tick import Tick

if TYPE_CHECKING:
    from ik_gd.core.chain import Chain
    from ik_gd.core.solver import Solver

__all__ = ['Follower', 'FollowerSettings', 'FollowerState', 'Tick']

Array = NDArray[np.float64]

_EAGER, _RELUCTANT = 1.0, 4.0  # periods of lag at which a straight path starts to wait, and waits


class Follower:
    """Moves an arm's commands toward targets, one tick at a time.

    It integrates what it commanded. Measured joints seed that at the start, after a pause, a
    fault or lost feedback, and otherwise only supervise, so sensor noise moves nothing. It has
    no clock: every call is told the time, in seconds on one monotonic clock.

    Args:
        chain: the arm.
        solver: of the same chain.
        settings: how to move.

    Raises:
        SettingsError: the settings do not suit the chain.
    """

    def __init__(
        self, chain: Chain, solver: Solver, settings: FollowerSettings | None = None
    ) -> None:
        self._chain = chain
        self._solver = solver
        self._is_paused = False
        self._fault: str | None = None
        self._reset(settings or FollowerSettings())

    def _reset(self, settings: FollowerSettings) -> None:
        chain = self._chain
        limits = _check(settings, chain)
        self._state = FollowerState.WAITING
        self._feedback = Feedback(chain.joint_names)
        self._reference = Reference(chain, self._solver.objective.weights)
        self._pursuit = Pursuit(chain, self._solver)
        self._motion = JointMotion(limits, 1.0 / settings.rate)
        self._progress = Progress(chain, bool(self._solver.objective.weights[3:].any()))
        self._next_target: tuple[Pose, float] | None = None
        self._next_settings: FollowerSettings | None = None
        self._fault_is_cleared = False
        self._why_halted = Event.STUCK
        self._is_home = False
        self._is_engaged = False
        self._restart = True
        self._time: float | None = None
        self._tick: Tick | None = None
        self._configure(settings)

    # What may be asked for.

    def set_joint_states(self, position: ArrayLike, now: float) -> None:
        """Take in measured joint positions.

        Args:
            position: (n,) [rad or m]; NaN where unknown.
            now: when they came [s].

        Raises:
            TargetError: `position` has another shape.
        """
        self._feedback.receive(position, now)

    def set_target(self, target: Pose, now: float) -> None:
        """Ask the tip to go to a pose in the base frame; the newest request counts.

        While the arm goes home, the newest target waits until it is there.
        """
        if self._reference.asked is Asked.HOME and not self._is_home:
            self._next_target = (target, now)
            return
        self._ask(Asked.POSE)
        self._reference.receive_pose(target, now)

    def set_twist(
        self, linear: ArrayLike, angular: ArrayLike, now: float, frame: str = 'base'
    ) -> None:
        """Ask the tip to move on with a velocity; the newest request counts.

        Args:
            linear: (3,) [m/s].
            angular: (3,) [rad/s].
            now: when it came [s].
            frame: in whose directions: 'base' or 'tip'.

        Raises:
            TargetError: a number is NaN or infinite, a shape is wrong, or no such frame.
        """
        self._reference.receive_twist(linear, angular, now, frame)
        self._ask(Asked.TWIST)

    def home(self, now: float) -> None:
        """Go to the home posture, in joint space; targets wait until the arm is there."""
        self._ask(Asked.HOME)
        self._is_home = False

    def stop(self, now: float) -> None:
        """Come to rest as soon as the limits allow, and hold until the next target."""
        self._ask(Asked.NOTHING)

    def pause(self, flag: bool, now: float) -> None:
        """Come to rest and fall silent, or go on from where the joints then are.

        What was asked for is kept.
        """
        self._is_paused = flag

    def raise_fault(self, message: str, now: float) -> None:
        """Come to rest and fall silent until `clear_fault`; `message` says why."""
        self._fault = message

    def clear_fault(self, now: float) -> None:
        """End a fault; the arm then stays until the next target."""
        if self._state is FollowerState.FAULT:
            self._fault_is_cleared = True

    def configure(self, settings: FollowerSettings, now: float) -> None:
        """Take on other settings, after a controlled stop if the arm is moving.

        Raises:
            SettingsError: they do not suit the chain; the old ones stay.
        """
        _check(settings, self._chain)
        self._next_settings = settings

    def reset(self) -> None:
        """Forget all but settings, pause and fault, as when time ran backward."""
        self._reset(self._next_settings or self._settings)

    # What a tick does.

    def tick(self, now: float) -> Tick:
        """Decide the next command.

        Ticks should come at the settings' rate. Of late ones the limits are kept all the same;
        of two within a tenth of a period the second commands nothing.
        """
        dt = 0.0 if self._time is None else now - self._time
        if dt < 0.0:
            self.reset()
            dt = 0.0
        if self._tick is not None and dt < SHORTEST_STEP * self._period:
            return self._tick if dt == 0.0 else self._tick._replace(command=None)
        self._time = now
        self._adopt_settings()
        was_at_rest = self._motion.at_rest
        event = self._hindrance(now)
        if event is None:
            event = self._follow(now, dt)
        else:
            self._rest(dt)
        self._state = next_state(self._state, event)
        if CONDUCT[self._state] is Conduct.STOP_THEN_SILENT and was_at_rest:
            self._is_engaged = False  # one tick late: the last command is one to hold
        self._tick = self._report(now)
        return self._tick

    def _hindrance(self, now: float) -> Event | None:
        """Return what keeps the arm from following, if anything does."""
        if self._fault_is_cleared:
            self._fault_is_cleared = False
            self._fault = None
            self._ask(Asked.NOTHING)
            return Event.FAULT_CLEARED
        if not self._is_engaged:
            self._supervisor.forget()
        elif self._fault is None:
            self._fault = self._supervisor.complaint(
                self._feedback.position, self._motion.position, now
            )
        if self._fault is not None:
            return Event.FAULT_FOUND
        if self._is_paused:
            return Event.PAUSE
        if not self._feedback.is_fresh(now, self._settings.joint_state_timeout):
            return Event.FEEDBACK_LOST
        if self._reference.asked is Asked.NOTHING:
            return Event.NO_TARGET
        if self._reference.is_stale(now):
            return Event.TARGET_LOST
        return None if self._next_settings is None else Event.SETTINGS_CHANGED

    def _rest(self, dt: float) -> None:
        self._restart = True
        self._reference.is_halted = False
        self._progress.forget()
        self._pursuit.iterations = 0
        if self._is_engaged:
            self._motion.stop(dt)

    def _follow(self, now: float, dt: float) -> Event:
        """Move on toward what is asked for, and return how that goes."""
        motion, pursuit, reference = self._motion, self._pursuit, self._reference
        if not self._is_engaged:
            motion.seed(self._feedback.position)
            self._is_engaged = True
            self._restart = True
            dt = 0.0
        if reference.is_halted:  # a jog against an edge: nothing winds up
            motion.stop(dt)
            self._restart = True
            return self._why_halted
        if self._restart:
            pursuit.start(motion.resting_place)
            reference.start(pursuit.goal)
            self._progress.forget()
            self._restart = False
        moving = min(dt, LONGEST_STEP * self._period)
        if reference.asked is Asked.HOME:
            pursuit.go_to(self._home)
            reference.place(self._home)
            reference.target[:] = reference.pose
        else:
            lag = (self._progress.lag - self._limits.smoothing_time) / self._period
            willing = (_RELUCTANT - lag) / (_RELUCTANT - _EAGER)
            willing = min(max(willing, 0.0), 1.0)
            reference.move(now, moving, pursuit.goal, pursuit.goal_velocity, willing)
            if not pursuit.pursue(reference.pose, reference.is_smooth, now, moving):
                self._fault = 'the solver returned joint positions that are not finite'
                self._rest(dt)
                return Event.FAULT_FOUND
        motion.step(pursuit.goal, pursuit.goal_velocity, dt, lead=not reference.is_steered)
        event = self._progress.judge(motion, pursuit, reference, self._settings)
        if event is Event.ARRIVED:
            self._arrive()
        elif reference.is_blocked(pursuit.solution, moving):
            reference.is_halted = True
            event = Event.STUCK if pursuit.limiting_joint is None else Event.LIMITED
            self._why_halted = event
        return event

    def _arrive(self) -> None:
        """Take on the target that waited for the arm to be home."""
        if self._reference.asked is not Asked.HOME:
            return
        self._is_home = True
        if self._next_target is not None:
            target, received = self._next_target
            self._ask(Asked.POSE)
            self._reference.receive_pose(target, received)

    def _report(self, now: float) -> Tick:
        state = self._state
        timeout = self._settings.joint_state_timeout
        missing = self._feedback.missing(now, timeout)
        limiting = None
        message = state.value
        if state is FollowerState.AT_LIMIT:
            joint = self._pursuit.limiting_joint
            limiting = None if joint is None else self._chain.joint_names[joint]
            message = f'{message}: {limiting}'
        elif state is FollowerState.FAULT:
            message = f'{message}: {self._fault}'
        elif missing and state in (FollowerState.WAITING, FollowerState.STALE_FEEDBACK):
            message = f'{message}: {", ".join(missing)}'
        return Tick(
            state,
            self._motion.position.copy() if self._is_engaged else None,
            self._motion.velocity.copy(),
            self._progress.position_error,
            self._progress.rotation_error,
            self._pursuit.iterations,
            limiting,
            missing,
            message,
        )

    # What it takes on and forgets.

    def _ask(self, kind: Asked) -> None:
        """Replace what was asked for before."""
        self._next_target = None
        if self._reference.asked is not kind:
            self._restart = True
            self._reference.is_halted = False
        self._reference.asked = kind

    def _adopt_settings(self) -> None:
        """Take on waiting settings once the arm is at rest: until then the old limits hold."""
        settings = self._next_settings
        if settings is not None and (not self._is_engaged or self._motion.at_rest):
            self._next_settings = None
            self._configure(settings)
            self._restart = True

    def _configure(self, settings: FollowerSettings) -> None:
        limits = settings.motion_limits(self._chain)
        self._settings = settings
        self._limits = limits
        self._period = 1.0 / settings.rate
        home = settings.home_posture(self._chain)
        self._home = np.clip(home, limits.lower, limits.upper)  # a margin may exclude it
        max_error = per_joint('max_following_error', settings.max_following_error, self._chain)
        self._supervisor = Supervisor(
            self._chain.joint_names, max_error, settings.following_error_time
        )
        self._motion.set_limits(limits, self._period)
        self._pursuit.configure(settings, limits)
        self._reference.configure(
            settings, np.stack([limits.max_velocity, limits.max_acceleration])
        )


def _check(settings: FollowerSettings, chain: Chain) -> MotionLimits:
    """Return the limits of `chain`'s joints, or raise a SettingsError where a value misfits."""
    settings.home_posture(chain)
    per_joint('max_following_error', settings.max_following_error, chain)
    return settings.motion_limits(chain)
