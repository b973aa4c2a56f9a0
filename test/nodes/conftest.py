"""Fixtures that start real nodes; a started node serves all tests that may share it."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import rclpy
from node_bench import DESK6, Bench, NodeProcess

from ik_gd.core.chain import Chain


@pytest.fixture(scope='session')
def ros(ros_domain: int) -> Iterator[None]:
    """An initialised rclpy in the test process."""
    rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
    yield
    rclpy.shutdown()


@pytest.fixture(scope='session')
def desk6() -> Chain:
    return Chain.from_urdf(DESK6)


@pytest.fixture(scope='module')
def start_node(
    ros: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., NodeProcess]]:
    """Start nodes that end at the latest with the tests of the module."""
    folder = tmp_path_factory.mktemp('nodes')
    started: list[NodeProcess] = []
    number = itertools.count()

    def start(executable: str, **arguments: Any) -> NodeProcess:
        node = NodeProcess(executable, folder / f'{executable}_{next(number)}.log', **arguments)
        started.append(node)
        return node

    yield start
    for node in started:
        if node.process.poll() is None:
            node.process.send_signal(signal.SIGINT)
    for node in started:
        node.stop()


@pytest.fixture
def make_bench(ros: None, desk6: Chain) -> Iterator[Callable[..., Bench]]:
    """Make benches that end with the test."""
    made: list[Bench] = []

    def make(chain: Chain = desk6, **arguments: Any) -> Bench:
        made.append(Bench(chain, **arguments))
        return made[-1]

    yield make
    for bench in made:
        bench.destroy_node()


@pytest.fixture(scope='module')
def shared_node(start_node: Callable[..., NodeProcess]) -> NodeProcess:
    """The ik_node that most tests of a module share."""
    return start_node('ik_node', parameters={'urdf': str(DESK6)}, remaps=['__ns:=/shared'])


@pytest.fixture(scope='module')
def shared_bench(shared_node: NodeProcess, desk6: Chain) -> Iterator[Bench]:
    bench = Bench(desk6, namespace='shared')
    bench.wait_for_node()
    yield bench
    bench.destroy_node()


@pytest.fixture
def bench(shared_bench: Bench) -> Iterator[Bench]:
    """The bench of the shared node, which has just been started or is as if it had."""
    shared_bench.start_afresh()
    yield shared_bench
    shared_bench.target = None
