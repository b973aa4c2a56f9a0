"""The clock that control ticks run on: steady on hardware, the node's under simulated time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.timer import Timer

_COMPARED = 1.0  # [s] after so long the steady and the node's clock are compared again
_SET = 100_000  # [ns] a larger change of their offset means that the system's clock was set


class TickClock:
    """Tells the time of ticks, in seconds that never run backward without a word.

    rclpy's own timers follow the node's clock and stall when it is set back (rclpy#1490), and
    the system's clock may be set at any time. So `use_sim_time` decides: simulated time, where
    a pause of the simulation is a pause of the arm; else the steady clock.

    Args:
        node: whose parameter `use_sim_time` and clock count.
        on_jump_back: called when simulated time was set back.
    """

    def __init__(self, node: Node, on_jump_back: Callable[[], None]) -> None:
        self._node_clock = node.get_clock()
        self._node = node
        self._on_jump_back = on_jump_back
        self._timers: list[Timer] = []
        self._offset_ns = 0
        self._compare_at = -1.0
        self.is_simulated = bool(node.get_parameter('use_sim_time').value)
        self._clock = self._node_clock
        if not self.is_simulated:
            self._clock = Clock(clock_type=ClockType.STEADY_TIME)
            return
        threshold = JumpThreshold(
            min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True
        )
        self._jumps = self._node_clock.create_jump_callback(threshold, post_callback=self._on_jump)

    def now(self) -> float:
        """Return the time [s]; only differences mean something."""
        if self.is_simulated:
            return float(self._node_clock.now().nanoseconds * 1e-9)
        return time.monotonic()

    def stamp(self, now: float) -> int:
        """Return the time `now` as the node's clock has it [ns], for headers of messages.

        The two clocks run at one rate, but the system's may be set. So they are compared once a
        second, and the offset is kept where it is the same but for the error of the comparison:
        the stamps of successive ticks are exactly as far apart as the ticks.
        """
        if self.is_simulated:
            return round(now * 1e9)
        if now >= self._compare_at:
            self._compare_at = now + _COMPARED
            measured = self._measured_offset()
            if abs(measured - self._offset_ns) > _SET:
                self._offset_ns = measured
        return round(now * 1e9) + self._offset_ns

    def _measured_offset(self) -> int:
        """Return what the node's clock is ahead of the steady one [ns].

        Read between two looks at the steady clock, several times: the quickest was not
        interrupted.
        """
        best_span, best = sys.maxsize, 0
        for _ in range(5):
            before = time.monotonic_ns()
            there = self._node_clock.now().nanoseconds
            span = time.monotonic_ns() - before
            if span < best_span:
                best_span, best = span, there - before - span // 2
        return best

    def create_timer(
        self, period: float, callback: Callable[[], None], group: CallbackGroup | None = None
    ) -> None:
        """Call `callback` every `period` [s] of this clock, within the node's `group`."""
        self._timers.append(self._node.create_timer(period, callback, group, self._clock))

    def _on_jump(self, jump: TimeJump) -> None:
        for timer in self._timers:
            timer.reset()
        self._on_jump_back()
