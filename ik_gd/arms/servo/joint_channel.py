"""All that the bus thread keeps about one joint and its servo."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.goal_ramp import GoalRamp
from ik_gd.arms.servo.health import ServoState, judge
from ik_gd.arms.servo.position_trim import PositionTrim
from ik_gd.arms.servo.servos import Control, Reading, ReadingResult, Setting

_ASTRAY = 0.1  # [rev] farther from its goal than a joint that moves at full speed
_GOALS_KEPT = 4  # the newest goals: the servo may have missed some of them
LOST_AFTER = 3  # cycles without an answer, after which a servo is only asked now and then


@dataclass(frozen=True)
class ServoReport:
    """One joint, for diagnostics; NaN where it is not known.

    Attributes:
        name: of the joint.
        id: of the servo.
        state: health.
        reason: why the state is not OK; empty if it is.
        following: whether the joint has torque and follows commands.
        position: [rad].
        age: of the newest answer [s].
        temperature: [deg C].
        voltage: [V].
        load: signed fraction of the servo's most.
        answers: readings so far.
        silences: questions without an answer.
        garbled: answers that were not whole.
        retries: questions asked again.
    """

    name: str
    id: int
    state: ServoState
    reason: str
    following: bool
    position: float
    age: float
    temperature: float
    voltage: float
    load: float
    answers: int
    silences: int
    garbled: int
    retries: int


class JointChannel:
    """One joint: its newest reading, its health, its goal. Owned by the bus thread.

    Attributes:
        reading: of this cycle; None if the servo did not answer.
        tick: `reading.tick`, unwrapped.
        misses: cycles in a row without an answer.
        answered_at: when the newest answer came [s].
        differences: settings that differ from the calibration; None: not compared yet.
        following: has torque and is sent goals.
        in_doubt: missed a cycle: whether it still has torque must be seen before the next goal.
        is_limp: found without torque, or restarted, while it was following.
        excused: its silence has been acknowledged by hand.
        fault: why its torque went; stays until cleared by hand.
    """

    def __init__(self, joint: JointCalibration) -> None:
        self.joint = joint
        self.id = joint.id
        self.radians_per_tick = joint.radians_per_tick
        self.ramp = GoalRamp(joint)
        self.trim = PositionTrim(joint.trim_limit / abs(joint.radians_per_tick))
        self.reading: Reading | None = None
        self.tick = 0
        self._sent = 0.0  # the newest goal [tick], not rounded
        self._goals: deque[int] = deque(maxlen=_GOALS_KEPT)
        self.misses = 0
        self.answered_at = -math.inf
        self.differences: tuple[Setting, ...] | None = None
        self.following = False
        self.in_doubt = False
        self.is_limp = False
        self.excused = False
        self.fault = ''
        self.warning = ''
        self.answers = 0
        self.silences = 0
        self.garbled = 0
        self.retries = 0

    @property
    def position(self) -> float:
        """Where the joint is [rad]; NaN if the servo did not answer in this cycle."""
        if self.reading is None:
            return math.nan
        return (self.tick - self.joint.zero_tick) * self.radians_per_tick + 0.0

    @property
    def is_lost(self) -> bool:
        """Whether the servo has been silent for so long that it is only asked now and then."""
        return self.misses >= LOST_AFTER

    @property
    def is_checked(self) -> bool:
        """Whether the servo's settings have been compared and agree with the calibration."""
        return self.differences == ()

    def take(self, result: ReadingResult, now: float) -> None:
        """Take over what the servo answered, or that it did not, in this cycle."""
        if isinstance(result, Miss):
            self.count(result)
            self.reading = None
            self.misses += 1
            self.in_doubt = True
            if self.is_lost:
                self.differences = None  # whatever comes back may be another servo
            return
        self.reading = result
        self.tick = self.joint.unwrap(result.tick)
        self.misses = 0
        self.answers += 1
        self.answered_at = now
        verdict = judge(result, self.joint)
        self.warning = verdict.warning
        if verdict.fault:
            self.fault = verdict.fault

    def skip(self) -> None:
        """Know nothing in this cycle: there was no time to ask."""
        self.reading = None

    def count(self, miss: Miss) -> None:
        """Count one failed question."""
        if miss is Miss.SILENT:
            self.silences += 1
        else:
            self.garbled += 1

    def forget(self) -> None:
        """Know nothing of the servo any more: the line is gone."""
        self.reading = None
        self.misses = LOST_AFTER
        self.differences = None
        self.following = False
        self.in_doubt = True

    def aim(self, position: float) -> None:
        """Go for `position` [rad], within the calibrated range."""
        self.ramp.target = float(self.joint.to_tick(position))

    def take_up(self, tick: int) -> None:
        """Follow from `tick` on, where the joint has torque now."""
        self.ramp.reset(tick)
        self.trim.reset()
        self._sent = float(tick)
        self._goals.clear()
        self._goals.append(tick)
        self.following = True
        self.in_doubt = self.is_limp = False
        self.excused = False

    def next_goal(self, dt: float, opening: float) -> int:
        """Return the goal to send `dt` [s] after the last, at `opening` of the speed limit."""
        goal = self.trim.apply(self.ramp.step(dt, opening), self.tick, dt)
        most = self.ramp.max_speed * opening * dt  # of the two together
        self._sent = min(max(goal, self._sent - most), self._sent + most)
        self._goals.append(min(max(round(self._sent), self.joint.tick_min), self.joint.tick_max))
        return self._goals[-1]

    def is_held_by(self, control: Control) -> bool:
        """Whether the servo has torque and goes where it was sent.

        One that has restarted and holds by itself has another goal, or is somewhere else.
        """
        if control.goal is None:
            near = abs(self.tick - self._sent) <= _ASTRAY * self.joint.ticks_per_rev
            return control.torque and near
        return control.torque and control.goal in self._goals

    def present_fault(self) -> str:
        """Return what is wrong right now, without the past; empty if nothing is."""
        return '' if self.reading is None else judge(self.reading, self.joint).fault

    def state(self) -> tuple[ServoState, str]:
        """Return the health and the reason for it."""
        if self.fault:
            return ServoState.FAULT, self.fault
        if self.reading is None:
            return ServoState.SILENT, 'no answer'
        if self.differences is None:
            return ServoState.UNCHECKED, 'settings not compared yet'
        if self.differences:
            return ServoState.MISMATCH, '; '.join(str(setting) for setting in self.differences)
        if self.warning:
            return ServoState.WARNING, self.warning
        return ServoState.OK, ''

    def report(self, now: float) -> ServoReport:
        """Return the joint for diagnostics."""
        reading = self.reading or Reading(0, math.nan, math.nan, math.nan, math.nan)
        state, reason = self.state()
        return ServoReport(
            name=self.joint.name,
            id=self.id,
            state=state,
            reason=reason,
            following=self.following,
            position=self.position,
            age=now - self.answered_at,
            temperature=reading.temperature,
            voltage=reading.voltage,
            load=reading.load,
            answers=self.answers,
            silences=self.silences,
            garbled=self.garbled,
            retries=self.retries,
        )
