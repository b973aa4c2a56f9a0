"""The control table of Robotis' X series: XL330, XL430 and their siblings.

Source: https://emanual.robotis.com/docs/en/dxl/x/xl430-w250/ and .../xl330-m288/
"""

from __future__ import annotations

from ik_gd.arms.servo.registers.table import Block, Register, RegisterTable

_RPM_UNIT = 0.229  # one count of velocity [rev/min]
_TICKS_PER_REV = 4096
_BAUD_CODES = (9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
_XL330_FULL_CURRENT = 1750  # its present current counts mA, up to this limit

DYNAMIXEL_X = RegisterTable(
    byteorder='little',
    registers={
        'model': Register(0, 2),
        'id': Register(7, 1),
        'baud': Register(8, 1),
        'return_delay': Register(9, 1),
        'drive_mode': Register(10, 1),
        'mode': Register(11, 1),
        'homing_offset': Register(20, 4, signed=True),
        'max_temperature': Register(31, 1),
        'tick_max': Register(48, 4),
        'tick_min': Register(52, 4),
        'torque': Register(64, 1),
        'faults': Register(70, 1),
        'watchdog': Register(98, 1),
        'torque_limit': Register(100, 2),  # goal PWM: what bounds the output in position mode
        'acceleration': Register(108, 4),
        'goal_speed': Register(112, 4),
        'goal': Register(116, 4, signed=True),
        'load': Register(126, 2, signed=True),
        'speed': Register(128, 4, signed=True),
        'position': Register(132, 4, signed=True),
        'voltage': Register(144, 2),
        'temperature': Register(146, 1),
    },
    models={1060: 'xl430', 1190: 'xl330_m077', 1200: 'xl330_m288'},
    bauds={baud: code for code, baud in enumerate(_BAUD_CODES)},
    status=Block(126, 21),
    control=Block(64, 56),
    settings=Block(0, 64),
    last_tick=_TICKS_PER_REV - 1,
    ticks_per_rev=_TICKS_PER_REV,
    speed_unit=_RPM_UNIT / 60.0 * _TICKS_PER_REV,
    load_unit={
        None: 0.001,
        1190: 1.0 / _XL330_FULL_CURRENT,
        1200: 1.0 / _XL330_FULL_CURRENT,
    },
    voltage_unit=0.1,
    torque_unit=1.0 / 885.0,  # 885 counts of PWM are 100 %
    position_modes=(3,),
    forbidden_bits={'drive_mode': (0x04, 'a time-based profile')},
    alert_bit=0x80,
    stop_faults={
        2: 'hall sensor',
        4: 'overheated',
        8: 'encoder',
        16: 'electrical shock',
        32: 'overload',
    },
    warn_faults={1: 'voltage'},
    watchdog_unit=0.02,
)
