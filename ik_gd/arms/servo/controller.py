"""What the arm does in each cycle, and when it stops doing it. No thread, no port."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ik_gd.arms.servo.activation import RefusedError, let_go, take_up
from ik_gd.arms.servo.bus import Miss
from ik_gd.arms.servo.calibration import Calibration
from ik_gd.arms.servo.joint_channel import JointChannel, ServoReport
from ik_gd.arms.servo.poller import Poller
from ik_gd.arms.servo.servos import Servos
from ik_gd.arms.servo.torque_watch import TorqueWatch


class ArmMode(Enum):
    """What the arm is doing."""

    DISCONNECTED = 'disconnected'  # the port is not there
    READ_ONLY = 'read only'  # servos and calibration differ
    DISABLED = 'disabled'  # joints are read, nothing is sent
    ENABLED = 'enabled'  # follows commands
    HOLDING = 'holding'  # stands still with torque: something is wrong


@dataclass(frozen=True)
class Outcome:
    """Whether a request was carried out, and what there is to say about it."""

    done: bool
    message: str


_SETTINGS_INTERVAL = 0.5  # [s] between two attempts to compare a servo's settings
_INSISTENCE = 3  # times that a servo is asked for its settings when enabling hangs on it
_FIRST_OPENING = 0.1  # of the speed limits, when a soft start begins
_WATCHDOG = 0.5  # [s] shortest; servos that have one stop by themselves after it


class Controller:
    """Drives the servos of one arm that are on an open port.

    Args:
        calibration: the arm.
        channels: its joints; they outlive the port.
        servos: on the port.
        clock: monotonic [s].

    Attributes:
        mode: what the arm is doing.
        reason: why it is not enabled; empty if it is, or was never.
        is_stale: whether it stands still for want of commands.
        has_driven: whether torque has been switched on here.
    """

    def __init__(
        self,
        calibration: Calibration,
        channels: tuple[JointChannel, ...],
        servos: Servos,
        clock: Callable[[], float],
    ) -> None:
        bus = calibration.bus
        self.mode = ArmMode.DISABLED
        self.reason = ''
        self.is_stale = False
        self.has_driven = False
        for channel in channels:
            channel.misses = 0  # ask all of them first
        self._bus = bus
        self._channels = channels
        self._servos = servos
        self._clock = clock
        self._poller = Poller(servos, channels, bus.retries, 1.0 / bus.rate, clock)
        self._torque_watch = TorqueWatch(servos, channels, clock())
        self._enabled_at = -math.inf
        self._commanded_at = -math.inf
        self._cycle_at = clock()
        self._settings_at = -math.inf

    def cycle(self, take_commands: Callable[[], Iterable[Mapping[int, float]]]) -> None:
        """Read all joints, judge them, send the next goals.

        Args:
            take_commands: returns {index of the joint: position [rad]} since it was last called,
                oldest first; called as late as possible.
        """
        now = self._clock()
        dt = min(now - self._cycle_at, 2.0 / self._bus.rate)
        self._cycle_at = now
        self._poller.poll()
        self._compare_settings()
        self._look_after(now)
        # What follows from it waits for the next reading: there may be a fault behind it.
        self._torque_watch.look(now)
        self._follow(take_commands(), now)
        self._send_goals(now, dt)

    def enable(self) -> Outcome:
        """Take the arm up where it is, softly."""
        self._torque_watch.look_at_all()
        for channel in self._channels:
            if channel.following and channel.is_limp:
                self._drop(channel)
        following = all(channel.following for channel in self._channels)
        if self.mode is ArmMode.ENABLED and following:
            return Outcome(True, 'already enabled')
        self._compare_settings(at_once=True)
        if self.mode is ArmMode.READ_ONLY:
            return Outcome(False, f'read only: {self.reason}')
        faults = [f'{c.joint.name}: {c.fault}' for c in self._channels if c.fault]
        if faults:
            return Outcome(False, f'clear the fault first: {"; ".join(faults)}')
        unchecked = [c.joint.name for c in self._channels if not c.is_checked]
        if unchecked:
            return Outcome(False, f'no answer from {", ".join(unchecked)}')
        self.has_driven = True  # whatever comes of it: from here on servos may have torque
        try:
            take_up(self._servos, [c for c in self._channels if not c.following])
        except RefusedError as refusal:
            return Outcome(False, str(refusal))
        for channel in self._channels:
            channel.ramp.stop()
        self._servos.write_watchdog(
            [channel.id for channel in self._channels], max(_WATCHDOG, 20.0 / self._bus.rate)
        )
        self._enabled_at = self._clock()
        self._commanded_at = -math.inf
        self.mode, self.reason = ArmMode.ENABLED, ''
        return Outcome(True, 'enabled')

    def disable(self, reason: str = '') -> Outcome:
        """Switch all torque off."""
        unconfirmed = let_go(self._servos, self._channels)
        if self.mode is not ArmMode.READ_ONLY:
            self.mode, self.reason = ArmMode.DISABLED, reason
        if unconfirmed:
            return Outcome(False, f'torque off not confirmed by {", ".join(unconfirmed)}')
        return Outcome(True, 'torque is off')

    def release(self) -> None:
        """Leave the servos holding their last goals, with nobody talking to them."""
        ids = [channel.id for channel in self._channels]
        self._servos.write_watchdog(ids, 0.0)
        self._servos.read_control(ids)  # answered: so the packet before has arrived, too

    def clear_fault(self) -> Outcome:
        """Forget faults that are over, and accept silent joints; the arm does not move."""
        restarting = [c for c in self._channels if c.fault and self._clear(c)]
        faults = [f'{c.joint.name}: {c.fault}' for c in self._channels if c.fault]
        if faults:
            return Outcome(False, f'not over yet: {"; ".join(faults)}')
        notes = [f'{channel.joint.name} restarts' for channel in restarting]
        for channel in self._channels:
            if channel.is_lost and not channel.following and channel not in restarting:
                channel.excused = True
                notes.append(f'{channel.joint.name} is silent, the others can go on')
        if self.mode is ArmMode.HOLDING:
            limp = [c.joint.name for c in self._channels if not c.following and not c.excused]
            if limp:
                self.reason = f'enable to take up {", ".join(limp)}'
                notes.append(self.reason)
            else:
                self.mode, self.reason = ArmMode.ENABLED, ''
        return Outcome(True, '; '.join(['cleared', *notes]))

    def _clear(self, channel: JointChannel) -> bool:
        """Clear one fault if it is over; return whether the servo restarts to that end."""
        reading = channel.reading
        if reading is None and not channel.is_lost:
            return False  # it has missed a cycle: nobody knows
        if reading is not None and not reading.temperature < channel.joint.temp_stop:
            return False  # too hot, or not known
        restarts = self._servos.clear_faults(channel.id)
        if restarts:
            channel.fault = ''
            channel.take(Miss.SILENT, self._clock())
        else:
            channel.fault = channel.present_fault()
        return restarts

    def reports(self) -> tuple[ServoReport, ...]:
        """Return all joints for diagnostics."""
        now = self._clock()
        return tuple(channel.report(now) for channel in self._channels)

    def _compare_settings(self, at_once: bool = False) -> None:
        """Compare the settings of servos that have newly answered with the calibration.

        Args:
            at_once: all that have not been compared, the silent ones too, and insistently;
                otherwise one a cycle.
        """
        fresh = [
            c
            for c in self._channels
            if c.differences is None and (at_once or c.reading is not None)
        ]
        if not fresh or not (at_once or self._clock() >= self._settings_at):
            return
        for channel in fresh if at_once else fresh[:1]:
            for _ in range(_INSISTENCE if at_once else 1):
                settings = self._servos.compare(channel.joint)
                if not isinstance(settings, Miss):
                    channel.differences = tuple(s for s in settings if not s.fine)
                    break
                self._settings_at = self._clock() + _SETTINGS_INTERVAL
        complaints = [
            f'{c.joint.name}: {difference}'
            for c in self._channels
            for difference in c.differences or ()
        ]
        if complaints:
            self.mode, self.reason = ArmMode.READ_ONLY, '; '.join(complaints)
        elif self.mode is ArmMode.READ_ONLY:
            self.mode, self.reason = ArmMode.DISABLED, ''

    def _look_after(self, now: float) -> None:
        """Let joints go whose servo is not well, and hold the arm for their sake."""
        for channel in self._channels:
            if not channel.following:
                continue
            if channel.fault:
                let_go(self._servos, [channel])
                self._hold(f'{channel.joint.name}: {channel.fault}')
            elif channel.is_limp:
                self._drop(channel)
            elif now - channel.answered_at > self._bus.error_timeout:
                channel.following = False
                self._hold(f'{channel.joint.name}: no answer for {self._bus.error_timeout} s')

    def _drop(self, channel: JointChannel) -> None:
        """Let a joint go that has lost its torque: only enabling takes it up again.

        An LX-16A that was too hot would take itself up once it has cooled.
        """
        let_go(self._servos, [channel])
        self._hold(f'{channel.joint.name}: it has lost its torque: was its power cut?')

    def _hold(self, reason: str) -> None:
        for channel in self._channels:
            channel.ramp.stop()
        if self.mode is ArmMode.ENABLED:
            self.mode, self.reason = ArmMode.HOLDING, reason

    def _follow(self, commands: Iterable[Mapping[int, float]], now: float) -> None:
        for command in commands:
            if self.mode is not ArmMode.ENABLED:
                continue
            self._commanded_at = now
            for index, position in command.items():
                self._channels[index].aim(position)
        timeout = self._bus.command_timeout
        self.is_stale = bool(timeout) and now - self._commanded_at > timeout
        if self.is_stale:
            for channel in self._channels:
                channel.ramp.stop()

    def _send_goals(self, now: float, dt: float) -> None:
        if self.mode not in (ArmMode.ENABLED, ArmMode.HOLDING):
            return
        soft_start = self._bus.soft_start
        opening = 1.0
        if now - self._enabled_at < soft_start:
            opening = max(_FIRST_OPENING, (now - self._enabled_at) / soft_start)
        goals = {}
        for channel in self._channels:
            if channel.following and not channel.in_doubt:
                goals[channel.id] = channel.next_goal(dt, opening)
        self._servos.write_goals(goals)
