"""Streams whose true times are known, received late by chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.nodes.arrival_times import ArrivalTimes

PERIOD = 0.01


def times_of(stamps, received):
    arrivals = ArrivalTimes()
    return np.array([arrivals.time_of(s, r) for s, r in zip(stamps, received, strict=True)])


@pytest.mark.parametrize('clock_offset', [0.0, 3600.0, -1.7e9])
def test_jitter_is_taken_out_whatever_the_senders_clock_says(clock_offset):
    rng = np.random.default_rng(0)
    sent = 100.0 + PERIOD * np.arange(1000)
    received = sent + 0.001 + np.abs(rng.normal(0.0, 0.003, 1000))
    received = np.maximum.accumulate(received)
    times = times_of(sent + clock_offset, received)
    periods = np.diff(times[50:])
    assert np.abs(periods - PERIOD).max() < 3e-4
    assert np.abs(np.diff(received[50:]) - PERIOD).max() > 5e-3


@pytest.mark.parametrize('stamp', [0.0, 1e9])
def test_stamps_that_stand_still_count_for_nothing(stamp):
    received = PERIOD * np.arange(100)
    np.testing.assert_array_equal(times_of([stamp] * 100, received), received)


def test_a_sender_that_starts_anew_is_followed():
    received = PERIOD * np.arange(200)
    stamps = np.where(np.arange(200) < 100, 50.0 + received, 7.0 + received)
    np.testing.assert_allclose(times_of(stamps, received), received, atol=1e-9)


@given(
    st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30),
    st.lists(st.floats(1e-4, 10.0), min_size=30, max_size=30),
)
def test_whatever_the_stamps_times_increase_and_are_no_older_than_a_tenth(stamps, gaps):
    received = np.cumsum(gaps)[: len(stamps)]
    times = times_of(stamps, received)
    assert (np.diff(times) > 0.0).all()
    assert (times >= received - 0.1 - 1e-6).all()
    assert (times <= received + 1e-6).all()
