"""A servo arm follows a target: `ros2 launch ik_gd hardware.launch.py calibration:=arm.yaml`."""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution, ThisLaunchFileDir

from ik_gd.nodes.graph import HARDWARE_ARGUMENTS, HARDWARE_CONFIG, SERVO_NODE, TARGET_NODE
from ik_gd.nodes.launch_actions import declare, node


def generate_launch_description():
    return LaunchDescription(
        [
            *declare(HARDWARE_ARGUMENTS, HARDWARE_CONFIG),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([ThisLaunchFileDir(), 'ik.launch.py'])
                )
            ),
            node(SERVO_NODE, HARDWARE_ARGUMENTS),
            node(TARGET_NODE, HARDWARE_ARGUMENTS),
        ]
    )
