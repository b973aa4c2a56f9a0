"""Control table of the Dynamixel X series (XL330, XL430), as data.

Source: ROBOTIS e-Manual, control tables of XL330-M077 / M288 and XL430-W250.
"""

from __future__ import annotations

from ik_gd.arms.servo.emulator.register_file import Register

EEPROM = range(64)
END = 147  # nothing lies above; indirect addresses are not emulated
BAUD_RATES = (9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
RESOLUTION = 4096

X_SERIES = (
    Register(0, 2, 'model', writable=False),
    Register(2, 4, 'model_information', writable=False),
    Register(6, 1, 'firmware', 48, writable=False),
    Register(7, 1, 'id', 1),
    Register(8, 1, 'baud', 1),
    Register(9, 1, 'return_delay', 250),
    Register(10, 1, 'drive_mode', 0),
    Register(11, 1, 'operating_mode', 3),
    Register(12, 1, 'secondary_id', 255),
    Register(13, 1, 'protocol', 2),
    Register(20, 4, 'homing_offset', 0),
    Register(24, 4, 'moving_threshold', 10),
    Register(31, 1, 'temperature_limit', 70),
    Register(32, 2, 'max_voltage', 160),
    Register(34, 2, 'min_voltage', 35),
    Register(36, 2, 'pwm_limit', 885),
    Register(38, 2, 'current_limit', 1750),
    Register(44, 4, 'velocity_limit', 265),
    Register(48, 4, 'max_position', 4095),
    Register(52, 4, 'min_position', 0),
    Register(60, 1, 'startup', 0),
    Register(63, 1, 'shutdown', 0b110100),
    Register(64, 1, 'torque', 0),
    Register(65, 1, 'led', 0),
    Register(68, 1, 'status_level', 2),
    Register(69, 1, 'registered', writable=False),
    Register(70, 1, 'hardware_error', writable=False),
    Register(76, 2, 'velocity_i_gain', 1000),
    Register(78, 2, 'velocity_p_gain', 100),
    Register(80, 2, 'position_d_gain', 0),
    Register(82, 2, 'position_i_gain', 0),
    Register(84, 2, 'position_p_gain', 400),
    Register(88, 2, 'feedforward_2_gain', 0),
    Register(90, 2, 'feedforward_1_gain', 0),
    Register(98, 1, 'bus_watchdog', 0),
    Register(100, 2, 'goal_pwm', 885),
    Register(102, 2, 'goal_current', 1750),
    Register(104, 4, 'goal_velocity', 0),
    Register(108, 4, 'profile_acceleration', 0),
    Register(112, 4, 'profile_velocity', 0),
    Register(116, 4, 'goal_position', 0),
    Register(120, 2, 'tick', writable=False),
    Register(122, 1, 'moving', writable=False),
    Register(123, 1, 'moving_status', writable=False),
    Register(124, 2, 'pwm', writable=False),
    Register(126, 2, 'current_or_load', writable=False),
    Register(128, 4, 'velocity', writable=False),
    Register(132, 4, 'position', writable=False),
    Register(136, 4, 'velocity_trajectory', writable=False),
    Register(140, 4, 'position_trajectory', writable=False),
    Register(144, 2, 'voltage', writable=False),
    Register(146, 1, 'temperature', writable=False),
)
