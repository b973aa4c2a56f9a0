from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from follower_rig import (
    FIVE_JOINTS,
    PANDA_READY,
    PERIOD,
    PRISMATIC,
    Rig,
    panda_rig,
    shifted,
)

from ik_gd.core.chain import Chain
from ik_gd.core.errors import SettingsError, TargetError
from ik_gd.core.follower import Follower, FollowerSettings, FollowerState
from ik_gd.core.objective import Objective
from ik_gd.core.pose import Pose
from ik_gd.core.solver import Solver

S = FollowerState


# Behaviours 1 and 2: starting.


def test_nothing_is_commanded_before_the_first_target() -> None:
    rig = panda_rig()
    rng = np.random.default_rng(0)
    for _ in range(500):
        rig.measured = PANDA_READY + rng.uniform(-0.3, 0.3, 7)
        assert rig.step().command is None
        assert rig.state is S.HOLDING


def test_the_first_command_is_where_the_arm_is() -> None:
    rig = panda_rig()
    rig.run(0.1)
    rig.measured = PANDA_READY + 0.05
    rig.follower.set_target(shifted(rig.tip, 0.2, 0.1, -0.1), rig.now)
    before = rig.measured.copy()
    first = rig.step()
    assert (first.command == before).all()
    assert (np.abs(rig.step().command - before) <= rig.limits.max_velocity * PERIOD).all()


def test_without_all_joints_it_waits_and_names_the_missing() -> None:
    rig = panda_rig()
    rig.follower.set_target(rig.tip, rig.now)
    unknown = np.zeros(7)
    unknown[[2, 5]] = np.nan, np.inf
    tick = rig.run(1.0, noise=unknown)
    assert tick.command is None
    assert tick.state is S.WAITING
    assert tick.missing_joints == ('panda_joint3', 'panda_joint6')
    assert 'panda_joint3, panda_joint6' in tick.message
    assert rig.step().state is not S.WAITING


def test_partial_joint_states_are_merged() -> None:
    rig = panda_rig()
    for k in range(20):
        part = np.full(7, np.nan)
        part[k % 2 :: 2] = 0.0
        tick = rig.step(noise=part)
    assert tick.state is S.HOLDING
    assert tick.missing_joints == ()


def test_joint_states_of_another_size_are_refused_with_the_joints_names() -> None:
    with pytest.raises(TargetError, match='panda_joint1'):
        panda_rig().follower.set_joint_states(np.zeros(6), 0.0)


# Reaching, and not.


@pytest.mark.parametrize('path', ['joint', 'cartesian'])
@pytest.mark.parametrize('jerk', [np.inf, 200.0])
def test_a_still_target_is_reached_and_held_still(path: str, jerk: float) -> None:
    rig = panda_rig(path=path, max_jerk=jerk)
    target = shifted(rig.tip, 0.1, 0.2, -0.1)
    rig.follower.set_target(target, rig.now)
    tick = rig.run(3.0)
    assert tick.state is S.REACHED
    assert tick.position_error < 1e-6
    assert tick.rotation_error < 1e-6
    np.testing.assert_allclose(rig.tip.position, target.position, atol=1e-6)
    held = tick.command
    for _ in range(100):
        tick = rig.step()
        assert (tick.command == held).all()
        assert tick.iterations == 0
    rig.assert_limits_were_kept()


def test_reached_does_not_flicker_while_a_still_target_is_repeated() -> None:
    rig = panda_rig()
    target = shifted(rig.tip, 0.05, 0.0, 0.0)
    states = []
    for _ in range(300):
        rig.follower.set_target(target, rig.now)
        states.append(rig.step().state)
    changes = [b for a, b in pairwise(states) if a is not b]
    assert changes == [S.REACHED]


def test_a_target_beyond_reach_is_approached_and_said_so() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 3.0, 0.0, 0.0), rig.now)
    assert S.OUT_OF_REACH in (rig.step().state, rig.step().state)
    rig.run(4.0)
    assert rig.state is S.OUT_OF_REACH
    still = rig.tick.command
    rig.run(1.0)
    np.testing.assert_allclose(rig.tick.command, still, atol=1e-6)
    assert rig.tick.position_error > 1.0
    rig.assert_limits_were_kept()


def test_a_limit_that_keeps_the_tip_away_is_named() -> None:
    chain = Chain.from_urdf(PRISMATIC)
    rig = Rig(chain, [0.1, -0.1, 0.5], Objective.position())
    rig.follower.set_target(Pose([0.2, 0.05, 0.1]), rig.now)
    tick = rig.run(2.0)
    assert tick.state is S.AT_LIMIT
    assert tick.limiting_joint == 'y'
    assert tick.message.endswith(': y')
    np.testing.assert_allclose(tick.command, [0.2, 0.0, 0.5], atol=1e-6)


def test_a_position_task_does_not_wait_for_an_orientation() -> None:
    rig = Rig(Chain.from_urdf(FIVE_JOINTS), [0.0, 0.3, 0.8, 0.2, 0.0], Objective.position())
    target = shifted(rig.tip, -0.03, 0.05, 0.02)
    rig.follower.set_target(target, rig.now)
    tick = rig.run(3.0)
    assert tick.state is S.REACHED
    assert tick.rotation_error == 0.0
    np.testing.assert_allclose(rig.tip.position, target.position, atol=1e-5)


# Behaviour 3: a start outside the limits.


def test_from_outside_its_limits_a_joint_moves_only_inward_at_its_speed() -> None:
    chain = Chain.from_urdf(FIVE_JOINTS)
    start = np.array([0.0, 0.3, -0.5, 1.9, 0.0])  # elbow and wrist are beyond
    rig = Rig(chain, start, Objective.position())
    inside = chain.forward([0.1, 0.3, 0.5, 0.0, 0.0])
    rig.follower.set_target(inside, rig.now)
    rig.run(3.0)
    way = rig.published()
    assert (way[0] == start).all()
    beyond_below, beyond_above = way[:, 2] < chain.lower[2], way[:, 3] > chain.upper[3]
    assert (np.diff(way[:, 2])[beyond_below[:-1]] >= 0.0).all()
    assert (np.diff(way[:, 3])[beyond_above[:-1]] <= 0.0).all()
    assert not beyond_below[-1]
    assert not beyond_above[-1]
    rig.assert_limits_were_kept()


# Behaviours 5 and 6: stale inputs.


def test_a_stale_target_is_a_controlled_stop_within_the_time_that_limits_force() -> None:
    rig = panda_rig(target_timeout=0.1)
    target = shifted(rig.tip, 0.1, 0.4, -0.1)
    for _ in range(25):
        rig.follower.set_target(target, rig.now)
        rig.step()
    speed = np.abs(rig.tick.velocity)
    last_heard = rig.now - PERIOD
    assert speed.max() > 0.5
    while rig.step().velocity.any():
        pass
    longest = 0.1 + (rig.limits.max_velocity / rig.limits.max_acceleration).max() + 2 * PERIOD
    assert rig.now - last_heard <= longest
    assert rig.state is S.STALE_TARGET
    held = rig.tick.command
    assert (rig.run(1.0).command == held).all()
    rig.follower.set_target(target, rig.now)
    assert rig.step().state is S.TRACKING
    rig.assert_limits_were_kept()


def test_a_single_goal_lasts_for_ever_by_default() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.0, 0.0), rig.now)
    assert rig.run(20.0).state is S.REACHED


def test_stale_feedback_is_a_stop_then_silence_then_a_start_from_where_the_arm_is() -> None:
    rig = panda_rig(joint_state_timeout=0.05)
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.4, -0.1), rig.now)
    rig.run(0.25)
    lost = rig.now
    while rig.step(feedback=False).command is not None:
        pass
    assert rig.now - lost < 0.05 + 0.25 + 2 * PERIOD
    assert rig.state is S.STALE_FEEDBACK
    assert rig.tick.missing_joints == rig.chain.joint_names
    assert not rig.tick.velocity.any()
    rig.run(1.0, feedback=False)
    rig.measured = rig.measured + 0.1
    moved = rig.measured.copy()
    assert (rig.step().command == moved).all()
    assert rig.run(4.0).state is S.REACHED
    rig.assert_limits_were_kept()


def test_one_lost_joint_stops_the_arm_and_is_named() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.0, 0.0), rig.now)
    rig.run(0.2)
    dead = np.zeros(7)
    dead[3] = np.nan
    tick = rig.run(1.0, noise=dead)
    assert tick.state is S.STALE_FEEDBACK
    assert tick.missing_joints == ('panda_joint4',)


# Behaviour 11: holding still.


def test_ten_minutes_of_feedback_noise_move_nothing() -> None:
    rig = panda_rig()
    rng = np.random.default_rng(2)
    rig.follower.set_target(shifted(rig.tip, 0.05, 0.0, 0.0), rig.now)
    held = rig.run(3.0).command
    for _ in range(60_000):
        tick = rig.step(noise=rng.normal(0.0, np.radians(1.0), 7))
    assert np.abs(tick.command - held).max() < 1e-4


# Behaviour 12: pause, stop, home, faults.


def test_a_pause_is_a_controlled_stop_then_silence() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.4, -0.1), rig.now)
    rig.run(0.3)
    rig.follower.pause(True, rig.now)
    began = rig.now
    while rig.step().command is not None:
        assert rig.state is S.PAUSED
    assert rig.now - began < 0.3
    assert all(rig.step().command is None for _ in range(100))
    rig.measured = rig.measured + 0.5 * (rig.measured < 0.0)
    moved = rig.measured.copy()
    rig.follower.pause(False, rig.now)
    assert (rig.step().command == moved).all()
    assert rig.state is not S.PAUSED
    assert rig.run(4.0).state is S.REACHED
    rig.assert_limits_were_kept()


def test_a_stop_forgets_the_target_and_holds() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.4, -0.1), rig.now)
    rig.run(0.3)
    rig.follower.stop(rig.now)
    rig.run(0.5)
    assert rig.state is S.HOLDING
    held = rig.tick.command
    assert (rig.run(1.0).command == held).all()
    rig.follower.set_target(rig.tip, rig.now)
    assert rig.step().state is S.REACHED
    rig.assert_limits_were_kept()


def test_home_goes_straight_in_joint_space_and_targets_wait_for_it() -> None:
    home = PANDA_READY + np.array([0.5, -0.3, 0.2, 0.4, -0.6, 0.3, 0.1])
    rig = panda_rig(home=home.tolist())
    rig.follower.home(rig.now)
    elsewhere = shifted(rig.tip, 0.0, 0.1, 0.0)
    seen = []
    for _ in range(600):
        rig.follower.set_target(elsewhere, rig.now)
        seen.append(rig.step().state)
    way = rig.published()
    at_home = int(np.argmin(np.abs(way - home).max(axis=1)))
    assert np.abs(way[at_home] - home).max() < 1e-3
    share = (way[:at_home] - way[0]) @ (home - way[0]) / ((home - way[0]) @ (home - way[0]))
    assert np.abs(way[:at_home] - way[0] - share[:, None] * (home - way[0])).max() < 1e-9
    assert seen[at_home] is S.REACHED or seen[at_home + 1] is S.REACHED
    np.testing.assert_allclose(rig.tip.position, elsewhere.position, atol=1e-6)
    rig.assert_limits_were_kept()


def test_a_home_inside_the_margin_is_gone_to_as_far_as_the_margin_allows() -> None:
    chain = Chain.from_urdf(FIVE_JOINTS)
    home = [1.9, 0.0, 0.5, 0.0, 0.0]
    rig = Rig(
        chain, np.zeros(5), Objective.position(), home=home, position_limit_margin=[0.1] * 4 + [0]
    )
    rig.follower.home(rig.now)
    assert rig.run(4.0).state is S.REACHED
    np.testing.assert_allclose(rig.measured, [1.8, *home[1:]], atol=1e-9)


def test_a_fault_outlasts_time_that_runs_backward() -> None:
    rig = panda_rig()
    rig.run(0.1)
    rig.follower.raise_fault('the cover is open', rig.now)
    rig.run(0.1)
    rig.now = 3.0
    rig.step()
    assert rig.step().state is S.FAULT


def test_a_fault_is_latched_until_it_is_cleared_and_then_nothing_moves() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.3, 0.0, 0.0), rig.now)
    rig.run(0.2)
    rig.follower.raise_fault('the cover is open', rig.now)
    tick = rig.run(1.0)
    assert tick.state is S.FAULT
    assert tick.command is None
    assert 'the cover is open' in tick.message
    rig.follower.set_target(rig.tip, rig.now)
    rig.follower.pause(True, rig.now)
    rig.follower.pause(False, rig.now)
    assert rig.run(0.5).state is S.FAULT
    rig.follower.clear_fault(rig.now)
    tick = rig.run(0.5)
    assert tick.state is S.HOLDING
    assert tick.command is None
    rig.assert_limits_were_kept()


def test_an_arm_that_does_not_obey_is_a_fault_that_names_the_joint() -> None:
    rig = panda_rig(max_following_error=0.2, following_error_time=0.1)
    rig.follower.set_target(shifted(rig.tip, 0.0, 0.4, 0.0), rig.now)
    stuck = rig.measured.copy()
    for _ in range(300):
        rig.measured = stuck
        tick = rig.step()
    assert tick.state is S.FAULT
    assert 'panda_joint' in tick.message
    assert 'max_following_error 0.2' in tick.message


def test_noise_below_the_following_error_is_no_fault() -> None:
    rig = panda_rig(max_following_error=0.2, following_error_time=0.1)
    rig.follower.set_target(shifted(rig.tip, 0.0, 0.2, 0.0), rig.now)
    rng = np.random.default_rng(0)
    for _ in range(300):
        assert rig.step(noise=rng.uniform(-0.19, 0.19, 7)).state is not S.FAULT


# Time.


def test_a_late_tick_keeps_the_limits_and_the_arm_comes_to_rest_in_a_long_silence() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.4, -0.1), rig.now)
    rig.run(0.25)
    before = rig.measured.copy()
    speed = np.abs(rig.tick.velocity)
    tick = rig.step(dt=5.0)
    assert not tick.velocity.any()
    furthest = 2.5 * PERIOD * rig.limits.max_velocity + (
        rig.limits.max_velocity**2 / 2 / rig.limits.max_acceleration
    )
    assert (np.abs(tick.command - before) <= furthest + 1e-12).all()
    assert speed.max() > 0.5
    rig.run(3.0)
    assert rig.state is S.REACHED
    rig.assert_limits_were_kept()


def test_two_ticks_at_once_are_one() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.0, 0.0), rig.now)
    rig.run(0.1)
    command = rig.tick.command
    assert (rig.follower.tick(rig.now).command == command).all()
    assert rig.follower.tick(rig.now + 0.01 * PERIOD).command is None


def test_when_time_runs_backward_everything_starts_anew() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.0, 0.0), rig.now)
    rig.run(0.1)
    rig.now = 3.0
    assert rig.step(feedback=False).state is S.WAITING
    assert rig.step().command is None
    assert rig.state is S.HOLDING


def test_the_same_inputs_give_the_same_bits() -> None:
    def run() -> np.ndarray:
        rig = panda_rig(path='cartesian', max_jerk=300.0, allow_branch_change=True)
        rng = np.random.default_rng(3)
        for k in range(300):
            if k % 40 == 0:
                rig.follower.set_target(shifted(rig.tip, *rng.uniform(-0.3, 0.3, 3)), rig.now)
            rig.step(dt=float(rng.choice([PERIOD, 2 * PERIOD])))
        return rig.published()

    assert (run() == run()).all()


# Settings.


def test_other_settings_are_taken_on_after_a_controlled_stop() -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.4, -0.1), rig.now)
    rig.run(0.25)
    slower = FollowerSettings(max_velocity_scale=0.1, max_acceleration=1.0)
    rig.follower.configure(slower, rig.now)
    while rig.tick.velocity.any():
        rig.step()
    rig.assert_limits_were_kept()
    first = len(rig.published()) - 1
    assert rig.run(1.0).state is S.TRACKING
    speeds = np.abs(np.diff(rig.published()[first:], axis=0)) / PERIOD
    assert (speeds <= slower.motion_limits(rig.chain).max_velocity * (1 + 1e-9)).all()
    assert speeds.max() > 0.0


def test_settings_that_do_not_suit_leave_the_old_ones() -> None:
    rig = panda_rig()
    with pytest.raises(SettingsError, match='home'):
        rig.follower.configure(FollowerSettings(home=[0.0, 1.0]), rig.now)
    rig.follower.set_target(shifted(rig.tip, 0.1, 0.0, 0.0), rig.now)
    assert rig.run(3.0).state is S.REACHED
    with pytest.raises(SettingsError, match='max_acceleration'):
        Follower(rig.chain, Solver(rig.chain), FollowerSettings(max_acceleration=[1.0] * 3))


@pytest.mark.parametrize(
    'bad',
    [
        {'linear': [np.nan, 0.0, 0.0]},
        {'angular': [0.0, np.inf, 0.0]},
        {'linear': [0.0, 0.0]},
        {'angular': 'spin'},
        {'frame': 'world'},
    ],
)
def test_a_bad_twist_is_refused_and_changes_nothing(bad: dict[str, object]) -> None:
    rig = panda_rig()
    rig.follower.set_target(shifted(rig.tip, 0.05, 0.0, 0.0), rig.now)
    rig.run(2.0)
    twist = {'linear': np.zeros(3), 'angular': np.zeros(3), 'frame': 'base', **bad}
    with pytest.raises(TargetError):
        rig.follower.set_twist(now=rig.now, **twist)
    assert rig.step().state is S.REACHED


# Another branch.


def blocked_rig(**settings: object) -> tuple[Rig, Pose]:
    """Return a five-joint arm in a posture from which descent cannot reach a reachable target."""
    chain = Chain.from_urdf(FIVE_JOINTS)
    rng = np.random.default_rng(0)
    solver = Solver(chain, Objective.position())
    low, high = np.maximum(chain.lower, -3.0), np.minimum(chain.upper, 3.0)
    while True:
        start, there = rng.uniform(low, high, (2, 5))
        target = chain.forward(there)
        q = start
        for _ in range(30):
            solution = solver.track(target, q)
            q = solution.q
        if not solution.converged:
            return Rig(chain, start, Objective.position(), **settings), target


def test_a_stall_is_told_after_the_stall_time() -> None:
    rig, target = blocked_rig(stall_time=0.3)
    rig.follower.set_target(target, rig.now)
    assert rig.run(2.0).state in (S.STALLED, S.AT_LIMIT)
    rig.assert_limits_were_kept()


def test_another_branch_is_travelled_to_when_that_is_allowed() -> None:
    rig, target = blocked_rig(stall_time=0.3, allow_branch_change=True)
    rig.follower.set_target(target, rig.now)
    assert rig.run(8.0).state is S.REACHED
    np.testing.assert_allclose(rig.tip.position, target.position, atol=1e-4)
    rig.assert_limits_were_kept()
