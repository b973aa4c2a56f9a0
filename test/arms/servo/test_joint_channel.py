"""What goes out to one servo: bounded in place and in step, whatever is asked and measured."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.servo.calibration import JointCalibration
from ik_gd.arms.servo.joint_channel import JointChannel
from ik_gd.arms.servo.servos import Reading

JOINT = JointCalibration(
    'j', 1, 'm', -1, 2048, 4096, 900, 3100, max_velocity=2.0, max_acceleration=80.0, trim_limit=0.1
)
TICKS = 4096 / (2 * np.pi)  # a radian

cycles = st.tuples(
    st.floats(-30.0, 30.0),  # where it is sent [rad]
    st.integers(0, 4095),  # where it says it is
    st.floats(1e-4, 0.02),  # [s]
    st.floats(0.1, 1.0),  # how far the speed limit is open
)


@given(st.lists(cycles, min_size=1, max_size=60), st.integers(900, 3100))
def test_a_goal_is_in_range_and_no_faster_than_the_joint_with_all_trim(rows, start):
    channel = JointChannel(JOINT)
    channel.take_up(start)
    before = start
    for position, tick, dt, opening in rows:
        channel.take(Reading(tick, 0.0, 0.0, 7.4, 25.0), 0.0)
        channel.aim(position)
        goal = channel.next_goal(dt, opening)
        assert 900 <= goal <= 3100
        assert abs(goal - before) <= 2.0 * TICKS * dt * opening + 1.0 + 1e-9  # 1: both rounded
        before = goal
