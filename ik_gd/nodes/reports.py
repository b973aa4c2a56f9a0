"""What ik_node says of itself: `~/status` when something changes, `/diagnostics` each second."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from ik_gd.core.follower import FollowerState, Tick
from ik_gd.nodes.interfaces import DIAGNOSTICS, RELIABLE, STATUS
from ik_gd.nodes.tick_times import TickReport

STATE = 'state'
POSITION_ERROR = 'position error [m]'
ROTATION_ERROR = 'rotation error [rad]'
ITERATIONS = 'iterations'
LIMITING_JOINT = 'limiting joint'
MISSING_JOINTS = 'missing joints'
INPUT = 'input'
TICK_RATE = 'tick rate [Hz]'
TICK_P50 = 'tick p50 [ms]'
TICK_P99 = 'tick p99 [ms]'
OVERRUNS = 'overruns'

_STATUS_PERIOD = 0.1  # [s] between two statuses while nothing but numbers change
_REJECTION_SHOWN = 1.0  # [s] that a rejected input stays in the status
_SLOW = 0.95  # of the rate that was asked for

_LEVELS = {
    FollowerState.WAITING: DiagnosticStatus.WARN,
    FollowerState.STALLED: DiagnosticStatus.WARN,
    FollowerState.AT_LIMIT: DiagnosticStatus.WARN,
    FollowerState.OUT_OF_REACH: DiagnosticStatus.WARN,
    FollowerState.STALE_TARGET: DiagnosticStatus.WARN,
    FollowerState.STALE_FEEDBACK: DiagnosticStatus.ERROR,
    FollowerState.FAULT: DiagnosticStatus.ERROR,
}


@dataclass(frozen=True)
class Health:
    """What `/diagnostics` tells beside the tick times.

    Attributes:
        rate: ticks a second that were asked for [Hz].
        ages: name of an input -> time since it last came [s], infinite if never.
        warnings: each a line; none if all is well.
    """

    rate: float
    ages: Mapping[str, float]
    warnings: tuple[str, ...]


class StatusPublisher:
    """Publishes `~/status` at once when the state changes, else ten times a second.

    Args:
        node: publishes.

    Attributes:
        hardware_id: the arm's name, empty while there is none.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._name = f'{node.get_fully_qualified_name().strip("/")}: follower'
        self.hardware_id = ''
        self._publisher = node.create_publisher(DiagnosticStatus, STATUS, RELIABLE)
        self._last_key: tuple[object, ...] = ()
        self._last_time = -math.inf
        self._rejection = ''
        self._rejected_at = -math.inf

    def reject(self, reason: str, now: float) -> None:
        """Tell for a while that an input was rejected at `now` [s]."""
        self._rejection, self._rejected_at = reason, now

    def wait(self, reason: str, now: float) -> None:
        """Publish that there is no arm to follow with yet."""
        key = (FollowerState.WAITING, reason)
        if not self._is_due(key, now):
            return
        values = {STATE: FollowerState.WAITING.name, INPUT: self._input(now) or 'ok'}
        self._publish(DiagnosticStatus.WARN, f'WAITING: {reason}', values)

    def after(self, tick: Tick, now: float) -> None:
        """Publish what `tick` came to, if it is news."""
        rejection = self._input(now)
        key = (tick.state, tick.missing_joints, tick.limiting_joint, rejection)
        if not self._is_due(key, now):
            return
        level = _LEVELS.get(tick.state, DiagnosticStatus.OK)
        words = f'{tick.state.name}: {tick.message}' if tick.message else tick.state.name
        if rejection:
            level = max(level, DiagnosticStatus.WARN)
            words += f'; rejected: {rejection}'
        values = {
            STATE: tick.state.name,
            POSITION_ERROR: f'{tick.position_error:.9g}',
            ROTATION_ERROR: f'{tick.rotation_error:.9g}',
            ITERATIONS: str(tick.iterations),
            LIMITING_JOINT: tick.limiting_joint or '',
            MISSING_JOINTS: ', '.join(tick.missing_joints),
            INPUT: rejection or 'ok',
        }
        self._publish(level, words, values)

    def _input(self, now: float) -> str:
        return self._rejection if now - self._rejected_at < _REJECTION_SHOWN else ''

    def _is_due(self, key: tuple[object, ...], now: float) -> bool:
        if key == self._last_key and 0.0 <= now - self._last_time < _STATUS_PERIOD:
            return False
        self._last_key, self._last_time = key, now
        return True

    def _publish(self, level: bytes, words: str, values: Mapping[str, str]) -> None:
        self._publisher.publish(
            DiagnosticStatus(
                level=level,
                name=self._name,
                message=words,
                hardware_id=self.hardware_id,
                values=[KeyValue(key=key, value=value) for key, value in values.items()],
            )
        )


class DiagnosticsPublisher:
    """Publishes `/diagnostics`; call it once a second (REP-107).

    Args:
        node: publishes.

    Attributes:
        hardware_id: the arm's name, empty while there is none.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._name = f'{node.get_fully_qualified_name().strip("/")}: control tick'
        self.hardware_id = ''
        self._publisher = node.create_publisher(DiagnosticArray, DIAGNOSTICS, RELIABLE)

    def publish(self, ticks: TickReport, health: Health) -> None:
        """Publish how the last ticks went."""
        warnings = list(health.warnings)
        if ticks.rate < _SLOW * health.rate:
            warnings.append(f'{ticks.rate:.1f} of {health.rate:g} ticks a second')
        values = {
            TICK_RATE: f'{ticks.rate:.2f}',
            TICK_P50: f'{1e3 * ticks.p50:.4f}',
            TICK_P99: f'{1e3 * ticks.p99:.4f}',
            OVERRUNS: str(ticks.overruns),
        }
        values |= {f'age of {name} [s]': f'{age:.3f}' for name, age in health.ages.items()}
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if warnings else DiagnosticStatus.OK,
            name=self._name,
            message='; '.join(warnings) or 'on time',
            hardware_id=self.hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
