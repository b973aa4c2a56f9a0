"""ik_node, and robot_state_publisher where it is installed: included by the other launch files."""

from launch import LaunchDescription

from ik_gd.nodes.graph import COMMON_ARGUMENTS, IK_NODE
from ik_gd.nodes.launch_actions import declare, node, robot_state_publisher


def generate_launch_description():
    return LaunchDescription(
        [
            *declare(COMMON_ARGUMENTS),
            node(IK_NODE, COMMON_ARGUMENTS),
            *robot_state_publisher(),
        ]
    )
