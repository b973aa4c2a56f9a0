"""Statistics of control ticks, on ticks whose statistics are known."""

import math

import pytest

from ik_gd.nodes.tick_times import TickTimes


def test_nothing_is_known_before_the_first_tick():
    report = TickTimes(0.01).report(5.0)
    assert math.isnan(report.rate) and math.isnan(report.p50) and report.overruns == 0


def test_the_rate_counts_the_ticks_since_the_last_report():
    ticks = TickTimes(0.01)
    ticks.report(0.0)
    for k in range(50):
        ticks.add(0.01 * k, 0.01 * k + 0.001)
    assert ticks.report(0.5).rate == pytest.approx(100.0)
    assert ticks.report(1.5).rate == 0.0


def test_percentiles_are_of_the_durations():
    ticks = TickTimes(1.0)
    for k in range(101):
        ticks.add(float(k), k + 1e-3 * k)
    report = ticks.report(102.0)
    assert report.p50 == pytest.approx(0.050)
    assert report.p99 == pytest.approx(0.099)


def test_long_and_late_ticks_are_overruns_and_even_ones_are_not():
    ticks = TickTimes(0.01)
    for begin, end in ((0.0, 0.001), (0.010, 0.025), (0.030, 0.031), (0.040, 0.041)):
        ticks.add(begin, end)
    assert ticks.report(1.0).overruns == 2  # the second took too long, the third came late


def test_only_the_last_ticks_count_and_old_ones_are_forgotten():
    ticks = TickTimes(1.0)
    for k in range(5000):
        ticks.add(float(k), k + 0.5)
    for k in range(5000, 10000):
        ticks.add(float(k), k + 0.25)
    assert ticks.report(10000.0).p99 == pytest.approx(0.25)
