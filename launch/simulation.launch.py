"""A simulated arm follows a target: `ros2 launch ik_gd simulation.launch.py`."""

from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution, ThisLaunchFileDir

from ik_gd.nodes.graph import SIMULATION_ARGUMENTS, SIMULATOR_NODE, TARGET_NODE
from ik_gd.nodes.launch_actions import declare, node


def generate_launch_description():
    return LaunchDescription(
        [
            *declare(SIMULATION_ARGUMENTS),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(
                    PathJoinSubstitution([ThisLaunchFileDir(), 'ik.launch.py'])
                )
            ),
            node(SIMULATOR_NODE, SIMULATION_ARGUMENTS),
            node(TARGET_NODE, SIMULATION_ARGUMENTS),
        ]
    )
