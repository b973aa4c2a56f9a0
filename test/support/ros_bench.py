"""A ROS context with one executor, in which a test holds a node and talks to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

PATIENCE = 30.0  # [s] far beyond what a loaded machine needs; a test that waits so long has failed


class Bench:
    """Spins the nodes of a test, in the test's own thread, while it waits for something.

    Attributes:
        user: the node from which the test listens and speaks.
    """

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Node] = []
        self.user = self.add(Node('user', context=self.context))

    def add(self, node: Node) -> Any:
        self._executor.add_node(node)
        self._nodes.append(node)
        return node

    def make(self, kind: Callable[..., Node], *names: str, **parameters: Any) -> Any:
        """Make a node of a kind with parameters and take it in."""
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self.add(kind(*names, context=self.context, parameter_overrides=overrides))

    def listen(self, kind: type, topic: str, qos: Any = 10) -> list[Any]:
        """Return a list that fills with the messages of a topic."""
        messages: list[Any] = []
        self.user.create_subscription(kind, topic, messages.append, qos)
        return messages

    def speaker(self, kind: type, topic: str, qos: Any = 10) -> Any:
        """Return a publisher that has found its reader."""
        publisher = self.user.create_publisher(kind, topic, qos)
        self.wait(lambda: publisher.get_subscription_count() > 0)
        return publisher

    def call(self, kind: type, service: str, request: Any) -> Any:
        client = self.user.create_client(kind, service)
        self.wait(client.service_is_ready)
        future = client.call_async(request)
        self.wait(future.done)
        return future.result()

    def wait(self, condition: Callable[[], Any]) -> None:
        """Spin until a condition holds; a failure if it never does."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, 'waited in vain'
            self._executor.spin_once(timeout_sec=0.05)

    def wait_for_more(self, messages: list[Any], count: int = 1) -> None:
        """Spin until so many messages more have come."""
        wanted = len(messages) + count
        self.wait(lambda: len(messages) >= wanted)

    def close(self) -> None:
        for node in reversed(self._nodes):
            if hasattr(node, 'on_exit'):
                node.on_exit()
            node.destroy_node()
        self._executor.shutdown()
        rclpy.shutdown(context=self.context)
