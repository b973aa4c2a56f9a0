"""Runs a node's ticks without the executor, whose wake-ups cost more than a light tick itself.

Two wake-ups of rclpy's executor per tick, one for the timer and one for the command, are about a
tenth of a core at 100 Hz. Here a tick takes what commands have come and runs; the executor only
sees to services, parameters and slow timers, now and then.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any, Protocol

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.executors import Executor
from rclpy.subscription import Subscription

_EXECUTOR_PERIOD = 0.1  # [s] between two looks at services, parameters and slow timers


class TickGroup(MutuallyExclusiveCallbackGroup):
    """The callbacks of a tick: the executor's, until somebody takes them over.

    Attributes:
        taken_over: whether the executor must leave them alone.
    """

    taken_over = False

    def can_execute(self, entity: Any) -> bool:
        """Tell the executor whether to wait for `entity`."""
        return not self.taken_over and bool(super().can_execute(entity))


class TickingNode(Protocol):
    """A node whose `on_tick` timer and command subscriptions are in its `tick_group`."""

    tick_group: TickGroup
    subscriptions: Any

    def wait_for_tick(self) -> None:
        """Sleep until it is time for a tick."""
        ...

    def on_tick(self) -> None:
        """Do what is done each period."""
        ...


def spin_by_ticks(
    node: TickingNode, executor: Executor, is_asked_to_stop: Callable[[], bool]
) -> None:
    """Tick `node` whenever it is time until asked to stop."""
    node.tick_group.taken_over = True
    commands = [s for s in node.subscriptions if s.callback_group is node.tick_group]
    gc.collect()
    gc.freeze()  # what has been made until here stays: no need to look through it again
    looked_at = time.monotonic()
    while not is_asked_to_stop():
        node.wait_for_tick()
        for subscription in commands:
            take_all(subscription)
        node.on_tick()
        if time.monotonic() - looked_at > _EXECUTOR_PERIOD:
            looked_at = time.monotonic()
            executor.spin_once(timeout_sec=0.0)


def take_all(subscription: Subscription) -> None:
    """Call the subscription's callback with each message that has come."""
    while True:
        with subscription.handle:
            taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
        if taken is None:
            return
        subscription.callback(taken[0])
