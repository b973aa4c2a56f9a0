"""The report of a run, on runs whose figures are known."""

import numpy as np
import pytest

from ik_gd.cli.record import Record

RATE = 100.0


def record_of(lag=0.0, offset=0.0, approach=0.0, speed=0.1, ticks=1000):
    """A tip that follows a target on a line: late by `lag` [s], beside it by `offset` [m]."""
    record = Record(['a'], np.array([-1.0]), np.array([1.0]), np.array([1.0]))
    for k in range(ticks):
        t = 100.0 + k / RATE
        record.add_target(t, (speed * (t - 100.0), 0.0, 0.0))
        gap = 0.5 if t - 100.0 < approach else 0.0
        record.add_tip(t, (speed * (t - 100.0 - lag), offset + gap, 0.0))
        record.add_command(t, ['a'], [0.0])
    return record


def test_a_perfect_run_has_no_error():
    summary = record_of().summary()
    assert summary['tip_error_rms_m'] == pytest.approx(0.0, abs=1e-12)
    assert summary['rate_hz'] == pytest.approx(RATE)
    assert summary['ticks'] == 1000
    assert summary['period_p99_ms'] == pytest.approx(10.0)
    assert (summary['limit_violations'], summary['velocity_violations']) == (0, 0)


def test_a_late_tip_is_in_error_by_the_way_of_the_target_meanwhile():
    summary = record_of(lag=0.03).summary()
    assert summary['tip_error_rms_m'] == pytest.approx(0.003, rel=1e-6)
    assert summary['lag_ms'] == pytest.approx(30.0, abs=1.0)


def test_an_offset_is_no_lag():
    summary = record_of(offset=0.002).summary()
    assert summary['tip_error_max_m'] == pytest.approx(0.002, rel=1e-6)


def test_the_approach_is_left_out_but_not_for_ever():
    summary = record_of(approach=2.0).summary()
    assert summary['approach_s'] == pytest.approx(2.0, abs=0.02)
    assert summary['tip_error_max_m'] < 1e-9
    never = record_of(approach=1e9).summary()
    assert never['approach_s'] == pytest.approx(5.0, abs=0.02)
    assert never['tip_error_rms_m'] == pytest.approx(0.5)


def test_the_target_that_counts_is_the_newest_at_the_time_of_the_tip():
    record = record_of(ticks=1)
    record.add_target(200.0, (1.0, 0.0, 0.0))
    record.add_tip(199.999, (0.0, 0.0, 0.0))
    assert record.tip_error == pytest.approx(0.0)
    record.add_tip(200.001, (0.0, 0.0, 0.0))
    assert record.tip_error == pytest.approx(1.0)


def test_commands_beyond_limits_and_too_fast_ones_are_counted():
    record = record_of(ticks=1)
    for k, q in enumerate((0.0, 0.009, 0.05, 1.5), start=1):
        record.add_command(100.0 + k / RATE, ['other', 'a'], [7.0, q])
    summary = record.summary()
    assert summary['limit_violations'] == 1
    assert summary['velocity_violations'] == 2


def test_commands_for_other_joints_are_not_ticks():
    record = record_of(ticks=1)
    record.add_command(101.0, ['gripper'], [0.3])
    assert record.ticks == 1


def test_of_a_run_in_which_nothing_happened_nothing_is_claimed():
    record = Record(['a'], np.zeros(1), np.ones(1), np.ones(1))
    summary = record.summary()
    assert summary['ticks'] == 0
    assert summary['tip_error_rms_m'] is None
    assert summary['rate_hz'] is None
