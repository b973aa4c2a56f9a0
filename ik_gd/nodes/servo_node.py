"""`servo_node`: an arm of serial servos as a ROS node, with the topics of `simulator_node`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future as Answer
from dataclasses import dataclass, replace
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.task import Future
from std_srvs.srv import SetBool, Trigger

from ik_gd.arms.arm import ArmState
from ik_gd.arms.servo.arm_report import ArmReport
from ik_gd.arms.servo.calibration import EXIT_CHOICES, Calibration
from ik_gd.arms.servo.calibration_file import load_calibration
from ik_gd.arms.servo.controller import ArmMode, Outcome
from ik_gd.arms.servo.health import ServoState
from ik_gd.arms.servo.joint_channel import ServoReport
from ik_gd.arms.servo.servo_arm import ServoArm
from ik_gd.core.errors import SettingsError
from ik_gd.nodes.arm_node import ArmNode
from ik_gd.nodes.interfaces import CLEAR_FAULT, ENABLE
from ik_gd.nodes.parameters import Parameter, ParameterSet
from ik_gd.nodes.runner import run
from ik_gd.nodes.tick_loop import spin_by_ticks

SERVO_PARAMETERS = (
    Parameter('calibration', '', 'The calibration file of the arm.'),
    Parameter('port', '', "Serial device; empty for the calibration's."),
    Parameter(
        'rate',
        0.0,
        "Bus cycles and joint states per second; 0 for the calibration's.",
        'Hz',
        0.0,
        1000.0,
    ),
    Parameter('enable_on_start', False, 'Switch torque on as soon as every servo answers.'),
    Parameter(
        'on_exit',
        '',
        "What to leave the servos with: torque_off or hold; empty for the calibration's.",
        choices=('', *EXIT_CHOICES),
    ),
)

_LEVELS = {
    ServoState.OK: DiagnosticStatus.OK,
    ServoState.UNCHECKED: DiagnosticStatus.WARN,
    ServoState.WARNING: DiagnosticStatus.WARN,
    ServoState.MISMATCH: DiagnosticStatus.ERROR,
    ServoState.SILENT: DiagnosticStatus.ERROR,
    ServoState.FAULT: DiagnosticStatus.ERROR,
}
_QUIET_MODES = (ArmMode.ENABLED, ArmMode.DISABLED)
_PATIENCE = 1.5  # bus cycles to wait for a new state, before the old one is looked at again
_LOG_PERIOD = 5.0  # [s] between two log lines of one kind


@dataclass(frozen=True)
class ServoSettings:
    """The parameters, read.

    Attributes:
        calibration: with the overrides of the parameters in it.
        enable_on_start: whether to switch torque on unasked, once.
    """

    calibration: Calibration
    enable_on_start: bool


def read_settings(values: Mapping[str, Any]) -> ServoSettings:
    """Return the settings from all parameter values.

    Raises:
        IkGdError: no calibration is given, or it is not usable.
    """
    if not values['calibration']:
        raise SettingsError('calibration: give the calibration file of the arm')
    calibration = load_calibration(values['calibration'])
    changes: dict[str, Any] = {name: values[name] for name in ('port', 'on_exit') if values[name]}
    if values['rate']:
        changes['rate'] = values['rate']
    calibration = replace(calibration, bus=replace(calibration.bus, **changes))
    return ServoSettings(calibration, values['enable_on_start'])


class ServoNode(ArmNode):
    """Joint commands to servos, and back.

    The arm starts limp, or as it is found: `~/enable` takes it up where it is. Anything that makes
    it hold or let go also drops the trajectory that it was on.
    """

    arm: ServoArm

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__('servo_node', **node_arguments)
        settings = ParameterSet(self, SERVO_PARAMETERS, read_settings).settings
        self._mode: ArmMode | None = None
        self._enable_wanted = settings.enable_on_start
        self._stamped: tuple[ArmState | None, Time] = (None, Time())
        self.create_service(SetBool, ENABLE, self.on_enable)
        self.create_service(Trigger, CLEAR_FAULT, self.on_clear_fault)
        self._patience = _PATIENCE / settings.calibration.bus.rate
        self.attach(ServoArm(settings.calibration), settings.calibration.bus.rate)

    def wait_for_tick(self) -> None:
        """Sleep until the arm has a new state and is about to want commands, or should have."""
        self.arm.wait_for_state(self._patience)

    def hardware_id(self) -> str:
        """Return the serial device."""
        return self.arm.report().port

    def stamp(self, state: ArmState) -> Time:
        """Return when `state` was measured; the same for a state that has been seen before."""
        if state is not self._stamped[0]:
            age = int(1e9 * (time.monotonic() - state.time))
            seconds, rest = divmod(self.get_clock().now().nanoseconds - age, 1_000_000_000)
            self._stamped = (state, Time(sec=seconds, nanosec=rest))
        return self._stamped[1]

    def on_state(self, state: ArmState, stamp: Time) -> None:
        """Watch the arm's mode."""
        report = self.arm.report()
        if report.mode is self._mode or report.is_starting:
            return
        self._mode = report.mode
        words = f'{report.mode.value}: {report.reason}' if report.reason else report.mode.value
        if report.mode in _QUIET_MODES:
            self.get_logger().info(words)
        else:
            self.get_logger().error(words)
        if report.mode is not ArmMode.ENABLED:
            self.forget_commands()

    async def on_enable(
        self, request: SetBool.Request, response: SetBool.Response
    ) -> SetBool.Response:
        """Take the arm up where it is, or let it go."""
        self._enable_wanted = False
        answer = self.arm.enable() if request.data else self.arm.disable()
        outcome = await self._when_answered(answer)
        self.forget_commands()
        response.success, response.message = outcome.done, outcome.message
        return response

    async def on_clear_fault(
        self, request: Trigger.Request, response: Trigger.Response
    ) -> Trigger.Response:
        """Forget faults that are over."""
        outcome = await self._when_answered(self.arm.clear_fault())
        self.forget_commands()
        response.success, response.message = outcome.done, outcome.message
        return response

    def on_diagnostics(self) -> None:
        """Publish, and try to enable if that was asked for and did not work yet."""
        super().on_diagnostics()
        if self._enable_wanted and self._mode is ArmMode.DISABLED:
            self.arm.enable().add_done_callback(self._on_enabled_at_start)

    def diagnose(self) -> list[DiagnosticStatus]:
        """Return the bus and each servo."""
        report = self.arm.report()
        name = self.get_fully_qualified_name().strip('/')
        return [
            bus_status(name, report),
            *(servo_status(name, report.port, servo) for servo in report.servos),
        ]

    def _on_enabled_at_start(self, answer: Answer[Outcome]) -> None:
        outcome = answer.result()
        if outcome.done:
            self._enable_wanted = False
        else:
            self.get_logger().warning(
                f'not enabled: {outcome.message}', throttle_duration_sec=_LOG_PERIOD
            )

    def _when_answered(self, answer: Answer[Outcome]) -> Future:
        """Return what a service can await, so that joint states go on meanwhile."""
        future = Future(executor=self.executor)
        answer.add_done_callback(lambda done: future.set_result(done.result()))
        return future


def bus_status(name: str, report: ArmReport) -> DiagnosticStatus:
    """Return the bus and the arm's mode for `/diagnostics`."""
    level = DiagnosticStatus.OK
    message = report.mode.value
    if report.mode not in _QUIET_MODES:
        level = DiagnosticStatus.ERROR
    elif report.is_stale and report.mode is ArmMode.ENABLED:
        message = 'enabled, no commands'
    if report.reason:
        message = f'{message}: {report.reason}'
    values = {
        'mode': report.mode.value,
        'cycles': report.cycles,
        'late cycles': report.late_cycles,
        'longest cycle [ms]': f'{1e3 * report.longest_cycle:.1f}',
        'times connected': report.connections,
        'stray bytes': report.strays,
    }
    return _status(level, f'{name}: bus', report.port, message, values)


def servo_status(name: str, port: str, servo: ServoReport) -> DiagnosticStatus:
    """Return one servo for `/diagnostics`."""
    values = {
        'id': servo.id,
        'state': servo.state.value,
        'torque and following': servo.following,
        'position [rad]': f'{servo.position:.4f}',
        'position age [s]': f'{servo.age:.3f}',
        'temperature [degC]': f'{servo.temperature:.0f}',
        'voltage [V]': f'{servo.voltage:.1f}',
        'load [%]': f'{100.0 * servo.load:.0f}',
        'answers': servo.answers,
        'no answer': servo.silences,
        'garbled': servo.garbled,
        'retries': servo.retries,
    }
    message = servo.reason or servo.state.value
    return _status(_LEVELS[servo.state], f'{name}: {servo.name}', port, message, values)


def _status(
    level: bytes, name: str, hardware_id: str, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(
        level=level, name=name, hardware_id=hardware_id, message=message, values=pairs
    )


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(ServoNode, args, spin_by_ticks)


if __name__ == '__main__':
    raise SystemExit(main())
