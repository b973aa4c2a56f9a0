"""Register tables: numbers survive, and no reply can be taken for another register's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ik_gd.arms.servo.register_servos import status_decoder
from ik_gd.arms.servo.registers.dynamixel_x import DYNAMIXEL_X
from ik_gd.arms.servo.registers.feetech import SCS, STS
from ik_gd.arms.servo.registers.table import Register

TABLES = {'sts': STS, 'scs': SCS, 'dynamixel': DYNAMIXEL_X}


@pytest.mark.parametrize('order', ['little', 'big'])
@given(data=st.data())
def test_sign_magnitude_numbers_come_back(order, data):
    bit = data.draw(st.sampled_from([10, 11, 15]))
    register = Register(0, 2, sign_bit=bit)
    number = data.draw(st.integers(-(2**bit) + 1, 2**bit - 1))
    assert register.decode(register.encode(number, order), order) == number


def test_sign_magnitude_is_not_twos_complement():
    speed = STS.registers['speed']
    assert speed.decode(bytes([0x05, 0x80]), 'little') == -5
    assert STS.registers['load'].decode(bytes([0x05, 0x04]), 'little') == -5
    assert STS.registers['homing_offset'].decode(bytes([0x05, 0x08]), 'little') == -5


def test_a_number_too_large_is_refused_not_cut():
    for table in TABLES.values():
        with pytest.raises(OverflowError):
            table.registers['goal'].encode(2**33, table.byteorder)


@pytest.mark.parametrize('name', TABLES)
def test_blocks_differ_in_length_so_that_a_late_reply_is_not_mistaken(name):
    table = TABLES[name]
    lengths = [table.status.length, table.control.length, table.settings.length, 2]
    assert len(set(lengths)) == len(lengths)


@pytest.mark.parametrize('name', TABLES)
def test_blocks_hold_what_is_read_from_them(name):
    table = TABLES[name]
    for block, names in (
        (table.status, ['position', 'speed', 'load', 'voltage', 'temperature']),
        (table.control, ['torque', 'goal', 'goal_speed']),
        (table.settings, ['model', 'tick_min', 'tick_max']),
    ):
        assert all(block.holds(table.registers[register]) for register in names)
    faults = table.registers['faults']
    assert (table.control if table.alert_bit else table.status).holds(faults)


@pytest.mark.parametrize('name', TABLES)
def test_registers_do_not_overlap(name):
    ends = 0
    for register in sorted(TABLES[name].registers.values(), key=lambda r: r.address):
        assert register.address >= ends
        ends = register.address + register.size


@pytest.mark.parametrize('name', TABLES)
@given(data=st.data())
def test_the_quick_decoder_reads_what_the_registers_say(name, data):
    table = TABLES[name]
    block = table.status
    received = data.draw(st.binary(min_size=block.length, max_size=block.length))
    names = ('position', 'speed', 'load', 'voltage', 'temperature')
    expected = tuple(
        table.registers[name].decode(block.part(received, table.registers[name]), table.byteorder)
        for name in names
    )
    assert status_decoder(table)(received) == expected
