"""How even, how quick and how costly ik_node is, beside a bare rclpy node with the same topics.

`python -m benchmark.node_rate` runs, for each rate, both nodes one after the other, `--rounds`
times: each receives joint states and targets at that rate and publishes joint commands at it.
Printed for each: commands a second, p99 of the distance of a period from the nominal one, and the
share of one processor core (from /proc). Then the time from a target sent to the first command
that moves because of it, at 100 Hz, both ways through DDS included; and the time that a tick of
the Follower alone takes, with its solving, while the target moves on a circle.

Needs an otherwise idle machine with two cores or more. `--json FILE` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from array import array
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState

from ik_gd.core.chain import Chain
from ik_gd.core.follower import Follower
from ik_gd.core.follower_settings import PATHS, FollowerSettings
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver
from ik_gd.nodes.conversions import write_pose
from ik_gd.nodes.runner import run as run_node

ROOT = Path(__file__).resolve().parents[1]
START_TIME = 180.0  # [s]
WARM_UP = 1.5  # [s] not measured
NEWEST = QoSProfile(depth=1)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


@dataclass(frozen=True)
class Figures:
    """One node at one rate.

    Attributes:
        node: 'ik_node' or 'bare'.
        rate: that was asked for [Hz].
        achieved: commands a second, as a share of the rate.
        jitter_p99: of |period - nominal| [ms], from the stamps of the commands.
        cpu: share of one core.
        memory: resident [MB].
    """

    node: str
    rate: float
    achieved: float
    jitter_p99: float
    cpu: float
    memory: float


class BareNode(Node):
    """The least that receives and publishes what ik_node does."""

    def __init__(self, rate: float, joints: int) -> None:
        super().__init__('bare')
        self._message = JointState(name=[f'joint_{i}' for i in range(joints)])
        self._message.position = array('d', bytes(8 * joints))
        self._message.velocity = array('d', bytes(8 * joints))
        self._publisher = self.create_publisher(JointState, 'joint_command', 10)
        self.create_subscription(JointState, 'joint_states', self._keep, BEST_EFFORT)
        self.create_subscription(PoseStamped, 'target_pose', self._keep, NEWEST)
        self.create_timer(1.0 / rate, self._on_timer)

    def _keep(self, message: object) -> None:
        self._newest = message

    def _on_timer(self) -> None:
        self._message.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(self._message)


class Driver(Node):
    """Publishes joint states and targets, and notes the stamps of the commands that come."""

    def __init__(self, chain: Chain) -> None:
        super().__init__('driver')
        self.chain = chain
        self.stamps: list[int] = []
        self.newest: bytes = b''
        self._states = self.create_publisher(JointState, 'joint_states', 10)
        self._targets = self.create_publisher(PoseStamped, 'target_pose', 10)
        # Not deserialised: this process must keep up with two at a time.
        self.create_subscription(
            JointState, 'joint_command', self._on_command, QoSProfile(depth=5000), raw=True
        )
        self._state = JointState(name=list(chain.joint_names))
        self._state.position = array('d', chain.middle.tobytes())
        self._target = PoseStamped()
        self._target.header.frame_id = chain.base_link
        self._centre = chain.forward(chain.middle)
        self.executor_ = SingleThreadedExecutor()
        self.executor_.add_node(self)

    def _on_command(self, data: bytes) -> None:
        seconds, nanoseconds = struct.unpack_from('<iI', data, 4)
        self.stamps.append(seconds * 1_000_000_000 + nanoseconds)
        self.newest = data

    def feed(self, rate: float, duration: float, radius: float = 0.03) -> None:
        """Publish for `duration` [s] at `rate` [Hz]: a target on a circle once in 10 s."""
        begun = time.monotonic()
        ticks = int(duration * rate)
        write_pose(self._centre, self._target.pose)
        for k in range(ticks):
            phase = 0.2 * np.pi * k / rate
            self._target.pose.position.y = self._centre.position[1] + radius * np.sin(phase)
            self._targets.publish(self._target)
            self._states.publish(self._state)
            while (rest := begun + (k + 1) / rate - time.monotonic()) > 0.0:
                self.executor_.spin_once(timeout_sec=rest)

    def wait_for_subject(self) -> None:
        """Feed until commands come."""
        deadline = time.monotonic() + START_TIME
        while not self.stamps and time.monotonic() < deadline:
            self.feed(50.0, 0.2)
        if not self.stamps:
            raise SystemExit(f'no command within {START_TIME:g} s')

    def step(self, offset: float) -> float:
        """Move the target by a step and return the time until a command moves [s]."""
        self._target.pose.position.y = self._centre.position[1] + offset
        before = self.moving_part()
        sent = time.monotonic()
        self._targets.publish(self._target)
        while self.moving_part() == before:
            self.executor_.spin_once(timeout_sec=0.1)
        return time.monotonic() - sent

    def moving_part(self) -> bytes:
        """Return the newest command without its stamp."""
        return self.newest[12:]


def command_of(node: str, rate: float, arm: argparse.Namespace, joints: int) -> list[str]:
    """Return the command line of the node under test."""
    if node == 'bare':
        return [
            sys.executable,
            '-m',
            'benchmark.node_rate',
            '--bare',
            str(rate),
            '--joints',
            str(joints),
        ]
    command = [sys.executable, '-m', 'ik_gd.nodes.ik_node', '--ros-args', '-p', f'rate:={rate}']
    command += ['-p', f'urdf:={arm.urdf}', '-p', 'joint_state_timeout:=2.0']
    return command + (['-p', f'tip_link:={arm.tip}'] if arm.tip else [])


def processor_time(pid: int) -> float:
    """Return the time that a process has spent on processors [s]."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def resident(pid: int) -> float:
    """Return the resident memory of a process [MB]."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6


def measure(node: str, rate: float, options: argparse.Namespace, chain: Chain) -> Figures:
    """Run one node at one rate."""
    process = subprocess.Popen(
        command_of(node, rate, options, chain.dof), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    driver = Driver(chain)
    try:
        driver.wait_for_subject()
        driver.feed(rate, WARM_UP)
        driver.stamps.clear()
        begun, spent = time.monotonic(), processor_time(process.pid)
        driver.feed(rate, options.duration)
        cpu = (processor_time(process.pid) - spent) / (time.monotonic() - begun)
        memory = resident(process.pid)
        periods = 1e-9 * np.diff(np.array(driver.stamps))
        jitter = np.abs(periods - 1.0 / rate)
        achieved = len(periods) / periods.sum() / rate
        return Figures(node, rate, achieved, 1e3 * float(np.percentile(jitter, 99)), cpu, memory)
    finally:
        driver.destroy_node()
        process.send_signal(signal.SIGINT)
        process.wait(10.0)


def measure_latency(options: argparse.Namespace, chain: Chain, steps: int = 200) -> list[float]:
    """Return the times from target to command at 100 Hz [s]."""
    process = subprocess.Popen(
        command_of('ik_node', 100.0, options, chain.dof), cwd=ROOT, stderr=subprocess.DEVNULL
    )
    driver = Driver(chain)
    times = []
    try:
        driver.wait_for_subject()
        rng = random.Random(0)
        for k in range(steps):
            driver.feed(100.0, 0.2, radius=0.0)  # until it is at rest
            driver.feed(1000.0, rng.uniform(0.0, 0.02), radius=0.0)  # any phase of the tick
            times.append(driver.step(0.002 if k % 2 else -0.002))
        return times
    finally:
        driver.destroy_node()
        process.send_signal(signal.SIGINT)
        process.wait(10.0)


def measure_follower(chain: Chain, path: str, seconds: float = 20.0) -> list[float]:
    """Return how long the follower's ticks take at 100 Hz of its own time, target included [s]."""
    follower = Follower(chain, Solver(chain), FollowerSettings(path=path))
    q = chain.middle
    centre = chain.forward(q)
    times = []
    for k in range(round(100.0 * seconds)):
        now, phase = 0.01 * k, 0.002 * np.pi * k
        offset = 0.03 * np.array([0.0, np.sin(phase), np.cos(phase) - 1.0])
        target = Pose(centre.position + offset, centre.quaternion_xyzw)
        follower.set_joint_states(q, now)
        begun = time.perf_counter()
        follower.set_target(target, now)
        tick = follower.tick(now)
        times.append(time.perf_counter() - begun)
        q = tick.command if tick.command is not None else q
    return times[100:]  # without the kernels' first calls


def main() -> int:
    """Measure and print."""
    import pybullet_data

    panda = f'{pybullet_data.getDataPath()}/franka_panda/panda.urdf'
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--rates', type=float, nargs='+', default=[100.0, 500.0, 1000.0])
    parser.add_argument('--duration', type=float, default=10.0, help='of each measurement [s]')
    parser.add_argument('--rounds', type=int, default=2)
    parser.add_argument('--steps', type=int, default=100, help='for the latency')
    parser.add_argument('--urdf', default=panda, help='the arm; the Panda if not given')
    parser.add_argument('--tip', default='')
    parser.add_argument('--json', type=Path)
    parser.add_argument('--bare', type=float, help=argparse.SUPPRESS)
    parser.add_argument('--joints', type=int, default=7, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare is not None:
        return run_node(lambda: BareNode(options.bare, options.joints), [])
    if options.urdf == panda:
        options.tip = options.tip or 'panda_grasptarget'
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ['PYTHONPATH'] = os.pathsep.join(
        [str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])]
    )
    rclpy.init(args=[])
    chain = Chain.from_urdf(options.urdf, None, options.tip or None)
    figures = []
    print(f'{"node":<8} {"rate":>7} {"held":>8} {"jitter p99":>11} {"core":>7} {"memory":>8}')
    for rate in options.rates:
        pair = {'bare': [], 'ik_node': []}
        for _ in range(options.rounds):
            for node in pair:
                figure = measure(node, rate, options, chain)
                figures.append(figure)
                pair[node].append(figure.cpu)
                print(
                    f'{node:<8} {rate:>4.0f} Hz {100 * figure.achieved:>6.2f} % '
                    f'{figure.jitter_p99:>8.3f} ms {100 * figure.cpu:>5.1f} % '
                    f'{figure.memory:>5.0f} MB',
                    flush=True,
                )
        ratio = np.mean(pair['ik_node']) / np.mean(pair['bare'])
        print(f'ik_node takes {ratio:.2f} times the processor time of the bare node', flush=True)
    latency = 1e3 * np.array(measure_latency(options, chain, options.steps))
    p50, p90 = np.percentile(latency, (50, 90))
    print(f'target sent to command received at 100 Hz: p50 {p50:.2f} ms, p90 {p90:.2f} ms')
    ticks = {}
    for path in PATHS:
        ticks[path] = 1e3 * np.percentile(measure_follower(chain, path), (50, 99))
        print(
            f'solving and following, path {path}, {chain.dof} joints: '
            f'p50 {ticks[path][0]:.4f} ms, p99 {ticks[path][1]:.4f} ms'
        )
    if options.json is not None:
        table = {
            'nodes': [asdict(f) for f in figures],
            'latency_ms': [p50, p90],
            'tick_ms': {path: list(times) for path, times in ticks.items()},
        }
        options.json.write_text(json.dumps(table, indent=2) + '\n')
    rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
