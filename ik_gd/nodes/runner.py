"""How every node of ik_gd starts, spins and ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from ik_gd.core.errors import IkGdError

_SIGNAL_LATENCY = 0.1  # [s] the longest that a signal waits for the executor to wake up


class _Interrupted(BaseException):
    """A signal came while the node was being made."""


def spin(node: Node, executor: Executor, is_asked_to_stop: Callable[[], bool]) -> None:
    """Let the executor call the node back until asked to stop."""
    while not is_asked_to_stop():
        executor.spin_once(timeout_sec=_SIGNAL_LATENCY)


def run(
    make_node: Callable[[], Node],
    args: list[str] | None = None,
    spin: Callable[[Any, Executor, Callable[[], bool]], None] = spin,
    can_be_interrupted: bool = False,
) -> int:
    """Spin one node until SIGINT or SIGTERM, then let it clean up while ROS still works.

    rclpy's own signal handlers invalidate the context before any `finally` runs (rclpy#1287),
    so a node could not publish a last command. Here the handlers only ask the loop to end; then
    `node.on_exit()` runs, where a node has one, and the node is destroyed.

    Args:
        make_node: called once, after rclpy is initialised.
        args: the command line without the program's name; sys.argv if None.
        spin: runs the node in the executor until its third argument returns True.
        can_be_interrupted: whether a signal ends the making of the node at once, as where it may
            compile for a minute; not where it deals with hardware.

    Returns:
        The exit code: 0 after a signal, 1 after an IkGdError, whose message is one line on stderr.
    """
    asked_to_stop = False
    node = None

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal asked_to_stop
        is_first, asked_to_stop = not asked_to_stop, True
        if is_first and can_be_interrupted and node is None:
            raise _Interrupted

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
        node = make_node()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        spin(node, executor, lambda: asked_to_stop or not rclpy.ok())
        return 0
    except _Interrupted:
        return 0
    except IkGdError as error:
        print(f'ik_gd: {error}', file=sys.stderr)
        return 1
    finally:
        if node is not None:
            if hasattr(node, 'on_exit'):
                node.on_exit()
            node.destroy_node()
        rclpy.try_shutdown()
        # A second signal, as from launch after a terminal's Ctrl-C, must not kill the interpreter
        # while it shuts down: the exit code says that all went well.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
