"""Feetech's memory tables: the STS / SMS series (STS3215, STS3250) and the SCS series.

Source: Feetech's STS and SCS memory tables and its SDKs. Where these and measurements by users
differ, docs/hardware.md says so.
"""

from __future__ import annotations

from ik_gd.arms.servo.registers.table import Block, Register, RegisterTable

_BAUD_CODES = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
_STOP_FAULTS = {2: 'encoder', 4: 'overheated', 8: 'overcurrent', 32: 'overload'}
_WARN_FAULTS = {1: 'voltage'}

STS = RegisterTable(
    byteorder='little',
    registers={
        'model': Register(3, 2),
        'id': Register(5, 1),
        'baud': Register(6, 1),
        'return_delay': Register(7, 1),
        'tick_min': Register(9, 2),
        'tick_max': Register(11, 2),
        'max_temperature': Register(13, 1),
        'phase': Register(18, 1),
        'homing_offset': Register(31, 2, sign_bit=11),
        'mode': Register(33, 1),
        'torque': Register(40, 1),
        'acceleration': Register(41, 1),
        'goal': Register(42, 2, sign_bit=15),
        'goal_speed': Register(46, 2, sign_bit=15),
        'torque_limit': Register(48, 2),
        'lock': Register(55, 1),
        'position': Register(56, 2, sign_bit=15),
        'speed': Register(58, 2, sign_bit=15),
        'load': Register(60, 2, sign_bit=10),
        'voltage': Register(62, 1),
        'temperature': Register(63, 1),
        'faults': Register(65, 1),
    },
    models={777: 'sts3215', 2825: 'sts3250'},
    bauds={baud: code for code, baud in enumerate(_BAUD_CODES)},
    status=Block(56, 15),
    control=Block(40, 10),
    settings=Block(0, 40),
    last_tick=4095,
    ticks_per_rev=4096,
    speed_unit=1.0,
    load_unit={None: 0.001},
    voltage_unit=0.1,
    torque_unit=0.001,
    position_modes=(0,),
    forbidden_bits={'phase': (0x10, 'multi-turn feedback')},
    stop_faults=_STOP_FAULTS,
    warn_faults=_WARN_FAULTS,
)

SCS = RegisterTable(
    byteorder='big',
    registers={
        'model': Register(3, 2),
        'id': Register(5, 1),
        'baud': Register(6, 1),
        'return_delay': Register(7, 1),
        'tick_min': Register(9, 2),
        'tick_max': Register(11, 2),
        'max_temperature': Register(13, 1),
        'torque': Register(40, 1),
        'goal': Register(42, 2),
        'goal_speed': Register(46, 2),
        'lock': Register(48, 1),
        'position': Register(56, 2),
        'speed': Register(58, 2, sign_bit=15),
        'load': Register(60, 2, sign_bit=10),
        'voltage': Register(62, 1),
        'temperature': Register(63, 1),
        'faults': Register(65, 1),
    },
    models={1284: 'scs0009'},
    bauds={baud: code for code, baud in enumerate(_BAUD_CODES)},
    status=Block(56, 15),
    control=Block(40, 9),
    settings=Block(0, 40),
    last_tick=1023,
    ticks_per_rev=1228.8,  # 1024 ticks are 300 degrees
    speed_unit=1.0,
    load_unit={None: 0.001},
    voltage_unit=0.1,
    torque_unit=0.001,
    position_modes=(),
    stop_faults=_STOP_FAULTS,
    warn_faults=_WARN_FAULTS,
    has_sync_read=False,
)
