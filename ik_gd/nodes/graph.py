"""Which nodes make up a bring-up, and which argument sets which of their parameters.

Read by the launch files and by `ik_gd sim` and `ik_gd arm`; imports no ROS, so that both can.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ik_gd.core.errors import IkGdError

PACKAGE = 'ik_gd'
DEFAULT_ROBOT = 'urdf/so101.urdf'
DEFAULT_TIP = 'gripper_frame_link'
DEFAULT_CONFIG = 'config/ik.yaml'
HARDWARE_CONFIG = 'config/hardware.yaml'
TARGETS = ('circle', 'figure-eight', 'line', 'square', 'random', 'none')


@dataclass(frozen=True)
class Argument:
    """One thing that the user of a bring-up may choose.

    Attributes:
        name: as in `ros2 launch ... name:=value`.
        default: fixes the type: str, float or bool.
        description: one line.
        choices: the values allowed, empty for any.
    """

    name: str
    default: str | float | bool
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeEntry:
    """One node of a bring-up.

    Attributes:
        executable: its command, and its module in ik_gd.nodes.
        parameters: parameter name -> name of the argument that sets it.
        fixed: parameter name -> value.
        skip_if: (argument, value): do not start the node when the argument has this value.
    """

    executable: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str | float | bool] = field(default_factory=dict)
    skip_if: tuple[str, str] | None = None


_ROBOT = {'urdf': 'urdf', 'base_link': 'base_link', 'tip_link': 'tip_link'}

COMMON_ARGUMENTS = (
    Argument('urdf', '', 'URDF or xacro file of the robot; empty for the SO-101 of ik_gd'),
    Argument('base_link', '', 'link in whose frame the arm is moved; empty for the root link'),
    Argument('tip_link', '', 'link that is brought to the target; empty for the only leaf link'),
    Argument('rate', 100.0, 'control ticks per second [Hz]'),
    Argument('config', '', 'file of parameters; empty for config/ik.yaml of ik_gd'),
    Argument('namespace', '', 'namespace of all nodes'),
)
SIMULATION_ARGUMENTS = (
    *COMMON_ARGUMENTS,
    Argument('gui', False, "open PyBullet's window"),
    Argument('target', 'figure-eight', 'what the target does', TARGETS),
)

IK_NODE = NodeEntry('ik_node', {**_ROBOT, 'rate': 'rate'})
SIMULATOR_NODE = NodeEntry('simulator_node', {**_ROBOT, 'gui': 'gui'})
TARGET_NODE = NodeEntry('target_node', {**_ROBOT, 'shape': 'target'}, skip_if=('target', 'none'))
SIMULATION = (IK_NODE, SIMULATOR_NODE, TARGET_NODE)

HARDWARE_ARGUMENTS = (
    *COMMON_ARGUMENTS,
    Argument('calibration', '', 'calibration file of the arm'),
    Argument('port', '', "serial device; empty for the calibration's"),
    Argument('enable', False, 'switch torque on as soon as every servo answers'),
    Argument('on_exit', '', "torque_off or hold; empty for the calibration's"),
    Argument('target', 'none', 'what the target does', TARGETS),
)

SERVO_NODE = NodeEntry(
    'servo_node',
    {
        'calibration': 'calibration',
        'port': 'port',
        'enable_on_start': 'enable',
        'on_exit': 'on_exit',
    },
)
HARDWARE = (IK_NODE, SERVO_NODE, TARGET_NODE)


def share_file(name: str) -> str:
    """Return the path of a file that ik_gd ships, such as 'urdf/so101.urdf'.

    It is looked for where colcon, pip or a checkout of the sources put it.

    Raises:
        IkGdError: it is in none of these places.
    """
    places = [
        Path(__file__).resolve().parents[2],
        Path(sysconfig.get_path('data')) / 'share' / PACKAGE,
        Path(sys.prefix) / 'share' / PACKAGE,
    ]
    try:
        from ament_index_python.packages import get_package_share_directory

        places.append(Path(get_package_share_directory(PACKAGE)))
    except (ImportError, LookupError, OSError):  # no ROS, or not installed in it
        pass
    for place in places:
        if (place / name).is_file():
            return str(place / name)
    raise IkGdError(f'{name} of ik_gd is not in any of {", ".join(map(str, places))}')


def with_default_robot(
    values: Mapping[str, str | float | bool], config: str = DEFAULT_CONFIG
) -> dict[str, str | float | bool]:
    """Return the values of arguments, with ik_gd's own arm and config where none is given."""
    filled = dict(values)
    if not filled['urdf']:
        filled['urdf'] = share_file(DEFAULT_ROBOT)
        filled['tip_link'] = filled['tip_link'] or DEFAULT_TIP
    if not filled['config']:
        filled['config'] = share_file(config)
    return filled
