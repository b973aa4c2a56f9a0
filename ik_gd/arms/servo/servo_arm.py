"""An arm of serial servos behind the Arm interface: one thread owns the port."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from ik_gd.arms.arm import ArmState
from ik_gd.arms.servo.arm_report import STARTING, ArmReport
from ik_gd.arms.servo.calibration import Calibration
from ik_gd.arms.servo.controller import ArmMode, Controller, Outcome
from ik_gd.arms.servo.families import Line, family_of
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.port import PortLost
from ik_gd.core.errors import ArmError

_FIRST_BACK_OFF, _LAST_BACK_OFF = 0.1, 1.0  # [s] between attempts to open the port
_REPORT_INTERVAL = 0.25  # [s]
_CLOSE_TIMEOUT = 3.0  # [s] for the thread to switch torque off and end
_PENDING = 100  # commands kept for the next cycle

_Request = Callable[[Controller], Outcome]


class ServoArm:
    """Reads all joints and sends all goals at the calibration's rate, on a thread of its own.

    The methods only exchange finished values with that thread and never wait for the line. While
    the port is gone every joint is NaN and the thread tries to open it again.

    Torque stays as it is found until `enable`. Without `read` reporting a joint (it is NaN), its
    goal is not moved either.

    Args:
        calibration: the arm.
        clock: monotonic [s]; readings carry its time.

    Raises:
        CalibrationError: the calibration asks for what its servo family cannot do.
    """

    def __init__(
        self, calibration: Calibration, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._family = family_of(calibration)
        self._calibration = calibration
        self._clock = clock
        self._channels = tuple(JointChannel(joint) for joint in calibration.joints)
        self._nan = np.full(len(self._channels), np.nan)
        self._nan.flags.writeable = False
        self._state = ArmState(self._nan, self._nan, self._nan, clock())
        self._report = ArmReport(ArmMode.DISCONNECTED, STARTING, calibration.bus.port)
        self._commands: deque[dict[int, float]] = deque(maxlen=_PENDING)
        self._requests: deque[tuple[_Request, Future[Outcome]]] = deque()
        self._has_begun = threading.Event()
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._cycles = self._late_cycles = self._connections = 0
        self._longest_cycle = 0.0
        self._report_at = clock()
        self._let_go_on_return = False
        self._thread = threading.Thread(target=self._run, name='servo bus', daemon=True)
        self._thread.start()

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The n joints, in the order of every array."""
        return self._calibration.joint_names

    def read(self) -> ArmState:
        """Return the newest measured state; NaN for joints that did not answer.

        Raises:
            ArmError: the bus thread has ended by an error of ours.
        """
        if self._failure is not None:
            raise ArmError(f'the servo bus stopped: {self._failure!r}') from self._failure
        if self._report.mode is ArmMode.DISCONNECTED:
            return ArmState(self._nan, self._nan, self._nan, self._clock())
        return self._state

    def wait_for_state(self, timeout: float) -> None:
        """Sleep until the next cycle begins, at most `timeout` [s].

        It begins with a question to all servos. While they answer is the best time to read what
        they said before, and to write: the goals are sent right after.
        """
        self._has_begun.wait(timeout)
        self._has_begun.clear()

    def write(
        self, position: NDArray[np.float64], velocity: NDArray[np.float64] | None = None
    ) -> None:
        """Set where the joints shall go; ignored unless the arm is enabled.

        Args:
            position: (n,) [rad]; a NaN leaves that joint's goal as it is. What is beyond the
                calibrated range goes to its end. A command with an infinity is ignored whole.
            velocity: not used: these servos control position.
        """
        values = position.tolist()
        if math.inf in values or -math.inf in values:
            return
        command = {i: q for i, q in enumerate(values) if not math.isnan(q)}
        if command:
            self._commands.append(command)

    def enable(self) -> Future[Outcome]:
        """Take the arm up where it is; the result says whether, or why not."""
        return self._ask(Controller.enable)

    def disable(self) -> Future[Outcome]:
        """Switch all torque off; the arm may fall."""
        return self._ask(Controller.disable)

    def clear_fault(self) -> Future[Outcome]:
        """Forget faults that are over; the arm does not move."""
        return self._ask(Controller.clear_fault)

    def report(self) -> ArmReport:
        """Return what there is to say about the arm and each servo."""
        return self._report

    def close(self) -> None:
        """Leave the servos as the calibration's `on_exit` says, and close the port."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_TIMEOUT)

    def _ask(self, request: _Request) -> Future[Outcome]:
        answer: Future[Outcome] = Future()
        self._requests.append((request, answer))
        if not self._thread.is_alive():
            self._refuse_requests('the servo bus is closed')
        return answer

    def _refuse_requests(self, reason: str) -> None:
        while self._requests:
            self._requests.popleft()[1].set_result(Outcome(False, reason))

    def _run(self) -> None:
        """Keep the port open and the arm in its cycles until told to stop."""
        back_off = _FIRST_BACK_OFF
        while not self._stopping.is_set():
            connected_at = self._clock()
            try:
                self._connect_and_drive()
            except PortLost as error:
                self._be_disconnected(str(error))
            except Exception as error:  # ours: say so instead of going quiet
                self._failure = error
                self._be_disconnected(f'stopped by an error: {error!r}')
                break
            if self._clock() - connected_at > _LAST_BACK_OFF:
                back_off = _FIRST_BACK_OFF
            self._stopping.wait(back_off)
            back_off = min(2.0 * back_off, _LAST_BACK_OFF)
        self._stopping.set()
        self._refuse_requests('the servo bus is closed')

    def _connect_and_drive(self) -> None:
        bus = self._calibration.bus
        line = self._family.open_line(bus, self._clock)
        controller = None
        try:
            servos = self._family.open(line, bus, self._calibration.joints)
            controller = Controller(self._calibration, self._channels, servos, self._clock)
            self._connections += 1
            if self._let_go_on_return:
                controller.disable('the line was lost: enable again')
                self._let_go_on_return = False
            self._drive(line, controller)
        finally:
            if controller is not None:
                self._leave(controller)
            line.close()

    def _drive(self, line: Line, controller: Controller) -> None:
        period = 1.0 / self._calibration.bus.rate
        next_at = self._clock()
        while not self._stopping.is_set():
            started_at = self._clock()
            while self._requests:
                request, answer = self._requests.popleft()
                answer.set_result(self._answer(request, controller))
                self._report_at = started_at
            self._has_begun.set()
            controller.cycle(self._take_commands)
            self._publish(line, controller)
            now = self._clock()
            self._cycles += 1
            self._late_cycles += now - started_at > period
            self._longest_cycle = max(self._longest_cycle, now - started_at)
            next_at = max(next_at + period, now)
            time.sleep(next_at - now)

    def _answer(self, request: _Request, controller: Controller) -> Outcome:
        self._commands.clear()  # what was asked for before must not move the arm after
        try:
            return request(controller)
        except PortLost as error:
            return Outcome(False, str(error))

    def _take_commands(self) -> list[Mapping[int, float]]:
        commands: list[Mapping[int, float]] = []
        while self._commands:
            commands.append(self._commands.popleft())
        return commands

    def _publish(self, line: Line, controller: Controller) -> None:
        nan = math.nan
        position = np.array([c.position for c in self._channels])
        velocity = np.array(
            [
                nan if c.reading is None else c.reading.speed * c.radians_per_tick
                for c in self._channels
            ]
        )
        now = self._clock()
        self._state = ArmState(position, velocity, self._nan, now)
        changed = controller.mode is not self._report.mode
        if changed or now >= self._report_at:
            self._report_at = now + _REPORT_INTERVAL
            self._report = self._make_report(controller.mode, controller.reason, line, controller)

    def _make_report(
        self,
        mode: ArmMode,
        reason: str,
        line: Line | None = None,
        controller: Controller | None = None,
    ) -> ArmReport:
        now = self._clock()
        return ArmReport(
            mode=mode,
            reason=reason,
            port=self._calibration.bus.port,
            is_stale=controller is not None and controller.is_stale,
            cycles=self._cycles,
            late_cycles=self._late_cycles,
            longest_cycle=self._longest_cycle,
            connections=self._connections,
            strays=line.strays if line is not None else self._report.strays,
            servos=tuple(channel.report(now) for channel in self._channels),
        )

    def _be_disconnected(self, reason: str) -> None:
        for channel in self._channels:
            channel.forget()
        self._state = ArmState(self._nan, self._nan, self._nan, self._clock())
        self._report = self._make_report(ArmMode.DISCONNECTED, reason)
        self._commands.clear()
        self._refuse_requests(f'disconnected: {reason}')

    def _leave(self, controller: Controller) -> None:
        """Apply the torque policy, now or, if the line is lost, when it is back."""
        if not controller.has_driven:
            return
        lets_go = self._calibration.bus.on_exit == 'torque_off'
        try:
            if lets_go:
                controller.disable()
            else:
                controller.release()
        except PortLost:
            self._let_go_on_return = lets_go
