"""Where the tip goes: how near to a moving target, how straight, how fast."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from arm_models import BULLET
from follower_rig import FIVE_JOINTS, PANDA_READY, PERIOD, Rig, panda_rig, shifted
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ik_gd.core.chain import Chain
from ik_gd.core.follower import FollowerState
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver

S = FollowerState
READY = {
    'panda': PANDA_READY,
    'iiwa': np.array([0.0, 0.5, 0.0, -1.2, 0.0, 1.2, 0.0]),
    'xarm6': np.array([0.0, -0.6, -0.6, 0.0, 1.0, 0.0]),
    'five': np.array([0.2, 0.3, 0.8, 0.2, 0.0]),
}
CHAINS = {model.name: model.chain for model in BULLET}
CHAINS['five'] = lambda: Chain.from_urdf(FIVE_JOINTS)
NAMES = [name for name in CHAINS if name in READY]


def ready_rig(name: str, **settings: object) -> Rig:
    chain = CHAINS[name]()
    objective = Objective.pose() if chain.dof >= 6 else Objective.position()
    return Rig(chain, READY[name], objective, **settings)


class Circle:
    """A circle of 0.1 Hz in the plane of y and z, that begins at a pose."""

    def __init__(self, start: Pose, radius: float = 0.05, rate: float = 0.1) -> None:
        self._start, self._radius, self._rate = start, radius, 2.0 * np.pi * rate

    def at(self, t: float) -> Pose:
        angle = self._rate * t
        return shifted(
            self._start,
            0.0,
            self._radius * np.sin(angle),
            self._radius * (np.cos(angle) - 1.0),
        )


def followed_circle(
    rig: Rig, message_rate: float, latency: float = 0.0, seconds: float = 21.0
) -> tuple[np.ndarray, np.ndarray]:
    """Follow a streamed circle; return tip errors (N,) [m] and joint velocities (N, n)."""
    circle = Circle(rig.tip, 0.05 if rig.chain.dof >= 6 else 0.02)
    rng = np.random.default_rng(0)
    count = round(seconds * message_rate)
    delays = latency * rng.random(count)
    messages = [(k / message_rate + delays[k], k / message_rate) for k in range(count)]
    start, errors, velocities = rig.now, [], []
    for _ in range(round((seconds - 1.0) / PERIOD)):
        now = rig.now + PERIOD - start
        while messages and messages[0][0] <= now:
            received, stamp = messages.pop(0)
            rig.follower.set_target(circle.at(stamp), start + received)
        velocities.append(rig.step().velocity)
        errors.append(np.linalg.norm(rig.tip.position - circle.at(now).position))
    rig.assert_limits_were_kept()
    return np.array(errors), np.array(velocities)


def reversals(velocities: np.ndarray) -> np.ndarray:
    """Return how often each joint turns round (n,), at more than a thousandth of a rad/s."""
    turns = []
    for column in velocities.T:
        moving = column[np.abs(column) > 1e-3]
        turns.append(int((np.diff(np.sign(moving)) != 0).sum()))
    return np.array(turns)


def ideal_reversals(rig: Rig) -> np.ndarray:
    """Return how often each joint turns round when the circle is solved point by point."""
    solver, q = Solver(rig.chain, rig.solver.objective), rig.measured
    circle = Circle(rig.tip, 0.05 if rig.chain.dof >= 6 else 0.02)
    way = []
    for k in range(2000):
        q = solver.track(circle.at(k * PERIOD), q, iterations=100).q
        way.append(q)
    return reversals(np.diff(way, axis=0) / PERIOD)


@pytest.mark.parametrize('path', ['joint', 'cartesian'])
@pytest.mark.parametrize('name', NAMES)
def test_a_perfect_arm_follows_a_circle_within_a_fifth_of_a_millimeter(
    name: str, path: str
) -> None:
    rig = ready_rig(name, path=path)
    ideal = ideal_reversals(rig)
    errors, velocities = followed_circle(rig, 100.0)
    settled = errors[100:]
    assert np.sqrt((settled**2).mean()) <= 0.2e-3
    assert settled.max() <= 0.4e-3
    assert (reversals(velocities) <= ideal).all()


@pytest.mark.parametrize(('message_rate', 'latency'), [(50.0, 0.0), (50.0, 0.004), (30.0, 0.002)])
def test_messages_slower_than_ticks_and_jittering_are_followed_as_well(
    message_rate: float, latency: float
) -> None:
    rig = ready_rig('panda')
    ideal = ideal_reversals(rig)
    errors, velocities = followed_circle(rig, message_rate, latency)
    # A message's own way takes up to the latency: nobody can know of it.
    assert np.sqrt((errors[100:] ** 2).mean()) <= 0.2e-3
    assert (reversals(velocities) <= ideal).all()


def test_with_a_jerk_limit_a_circle_is_followed_as_well() -> None:
    errors, _ = followed_circle(ready_rig('panda', max_jerk=100.0), 100.0)
    assert np.sqrt((errors[200:] ** 2).mean()) <= 0.2e-3


def test_an_even_motion_is_followed_with_less_lag_than_two_ticks() -> None:
    rig = panda_rig()
    start, speed = rig.tip, np.array([0.03, 0.12, -0.04])
    lags = []
    for k in range(200):
        target = shifted(start, *(speed * k * PERIOD))
        rig.follower.set_target(target, rig.now + PERIOD)
        rig.step()
        behind = (target.position - rig.tip.position) @ speed / (speed @ speed)
        lags.append(behind / PERIOD)
    assert max(np.abs(lags[60:])) < 0.1  # ticks; the first half second is to catch up


def line_error(rig: Rig, tips: list[Pose], start: Pose, end: Pose) -> tuple[float, float]:
    """Return how far tips strayed from the line [m], and from its even turn [rad]."""
    way = end.position - start.position
    first = Rotation.from_quat(start.quaternion_xyzw)
    turn = (Rotation.from_quat(end.quaternion_xyzw) * first.inv()).as_rotvec()
    off, askew = 0.0, 0.0
    for tip in tips:
        share = (tip.position - start.position) @ way / (way @ way)
        off = max(off, float(np.linalg.norm(tip.position - start.position - share * way)))
        due = Rotation.from_rotvec(share * turn) * first
        askew = max(askew, (Rotation.from_quat(tip.quaternion_xyzw) * due.inv()).magnitude())
    return off, askew


@settings(deadline=None, max_examples=15)
@given(
    offset=st.tuples(*[st.floats(-0.12, 0.12)] * 3).filter(lambda v: np.linalg.norm(v) > 0.03),
    turn=st.tuples(*[st.floats(-0.4, 0.4)] * 3),
    speed=st.sampled_from([0.1, 0.3]),
)
def test_on_the_cartesian_path_the_tip_goes_straight_at_no_more_than_its_speed(
    offset: tuple[float, ...], turn: tuple[float, ...], speed: float
) -> None:
    rig = panda_rig(path='cartesian', max_linear_velocity=speed, max_angular_velocity=0.8)
    start = rig.tip
    rotation = Rotation.from_rotvec(turn) * Rotation.from_quat(start.quaternion_xyzw)
    end = Pose(start.position + np.array(offset), rotation.as_quat())
    rig.follower.set_target(end, rig.now)
    tips = [start]
    while rig.step().state is S.TRACKING:
        tips.append(rig.tip)
        assert len(tips) < 1000
    if rig.state is not S.REACHED:  # a line that leaves the workspace is another matter
        assert not Solver(rig.chain).track(end, rig.measured, iterations=200).converged
        return
    off, askew = line_error(rig, tips, start, end)
    assert off < 2e-4
    assert askew < 2e-3
    places = np.array([tip.position for tip in tips])
    speeds = np.linalg.norm(np.diff(places, axis=0), axis=1) / PERIOD
    assert speeds.max() <= speed * (1 + 1e-3)
    turns = [Rotation.from_quat(tip.quaternion_xyzw) for tip in tips]
    spins = [(b * a.inv()).magnitude() / PERIOD for a, b in pairwise(turns)]
    assert max(spins) <= 0.8 * (1 + 1e-3)
    share = (places - start.position) @ np.array(offset) / (np.array(offset) @ np.array(offset))
    assert share.max() <= 1.0 + 1e-6
    rig.assert_limits_were_kept()


@pytest.mark.parametrize('jerk', [np.inf, 200.0])
def test_on_the_cartesian_path_slow_joints_slow_the_tip_and_not_bend_its_way(jerk: float) -> None:
    rig = panda_rig(path='cartesian', max_velocity_scale=0.15, max_jerk=jerk)
    start, end = rig.tip, shifted(rig.tip, 0.1, 0.3, -0.1)
    rig.follower.set_target(end, rig.now)
    tips = [start]
    while rig.step().state is S.TRACKING:
        tips.append(rig.tip)
    assert rig.state is S.REACHED
    assert line_error(rig, tips, start, end)[0] < 1e-3
    rig.assert_limits_were_kept()


def test_a_cartesian_target_may_change_on_the_way() -> None:
    rig = panda_rig(path='cartesian')
    start = rig.tip
    rig.follower.set_target(shifted(start, 0.0, 0.3, 0.0), rig.now)
    rig.run(0.4)
    target = shifted(start, 0.1, 0.0, -0.1)
    rig.follower.set_target(target, rig.now)
    assert rig.run(3.0).state is S.REACHED
    np.testing.assert_allclose(rig.tip.position, target.position, atol=1e-6)
    rig.assert_limits_were_kept()


@pytest.mark.parametrize('frame', ['base', 'tip'])
@pytest.mark.parametrize('jerk', [np.inf, 200.0])
def test_a_twist_moves_the_tip_as_told_and_its_end_stops_it(frame: str, jerk: float) -> None:
    rig = panda_rig(max_jerk=jerk, twist_timeout=0.1)
    start = rig.tip
    turned = Rotation.from_quat(start.quaternion_xyzw) if frame == 'tip' else Rotation.identity()
    linear = np.array([0.0, 0.1, 0.05])
    for _ in range(100):
        rig.follower.set_twist(linear, np.zeros(3), rig.now, frame)
        before = rig.measured
        assert rig.step().state is S.TRACKING
    velocity = (rig.tip.position - rig.chain.forward(before).position) / PERIOD
    np.testing.assert_allclose(velocity, turned.apply(linear), atol=1e-4)
    last = rig.now - PERIOD
    while rig.step().velocity.any():
        pass
    assert rig.state is S.STALE_TARGET
    assert rig.now - last < 0.1 + 0.05 + rig.limits.smoothing_time + 2 * PERIOD
    rig.assert_limits_were_kept()


def test_a_turning_twist_turns_the_tip_about_itself() -> None:
    rig = panda_rig()
    start = rig.tip
    for _ in range(100):
        rig.follower.set_twist(np.zeros(3), [0.0, 0.0, 0.3], rig.now, 'tip')
        rig.step()
    assert np.linalg.norm(rig.tip.position - start.position) < 1e-5
    turn = Rotation.from_quat(start.quaternion_xyzw).inv() * Rotation.from_quat(
        rig.tip.quaternion_xyzw
    )
    vector = turn.as_rotvec()
    assert np.abs(vector[:2]).max() < 1e-4
    assert 0.2 < vector[2] < 0.3


def test_twists_are_held_to_the_tip_speed_limits() -> None:
    rig = panda_rig(max_linear_velocity=0.05, max_angular_velocity=0.2)
    places = []
    for _ in range(100):
        rig.follower.set_twist([0.0, 3.0, 0.0], np.zeros(3), rig.now)
        rig.step()
        places.append(rig.tip.position)
    speeds = np.linalg.norm(np.diff(places, axis=0), axis=1) / PERIOD
    assert 0.049 < speeds.max() <= 0.05 * (1 + 1e-6)


def test_a_twist_into_the_edge_of_the_workspace_stops_and_turns_back_at_once() -> None:
    rig = panda_rig()
    for _ in range(400):
        rig.follower.set_twist([0.3, 0.0, 0.0], np.zeros(3), rig.now)
        rig.step()
    assert rig.state in (S.STALLED, S.AT_LIMIT)
    edge = rig.tip.position[0]
    halted = rig.measured
    for _ in range(200):
        rig.follower.set_twist([0.3, 0.02, 0.0], np.zeros(3), rig.now)
        assert (rig.step().command == halted).all()
    assert rig.state in (S.STALLED, S.AT_LIMIT)
    for _ in range(50):
        rig.follower.set_twist([-0.3, 0.0, 0.0], np.zeros(3), rig.now)
        assert rig.step().state is S.TRACKING
    assert rig.tip.position[0] < edge - 0.02
    rig.assert_limits_were_kept()
