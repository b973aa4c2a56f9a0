"""The graph of nodes as `launch` actions; imported by the launch files alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import Command, LaunchConfiguration, PythonExpression
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from ik_gd.nodes.graph import (
    DEFAULT_CONFIG,
    DEFAULT_ROBOT,
    DEFAULT_TIP,
    PACKAGE,
    Argument,
    NodeEntry,
    share_file,
)


def declare(
    arguments: Iterable[Argument], config: str = DEFAULT_CONFIG
) -> list[DeclareLaunchArgument]:
    """Return the declarations of launch arguments, ik_gd's own arm and config as defaults."""
    robot = share_file(DEFAULT_ROBOT)
    defaults = {
        'urdf': robot,
        'config': share_file(config),
        'tip_link': PythonExpression(
            [f"'{DEFAULT_TIP}' if '", LaunchConfiguration('urdf'), f"' == '{robot}' else ''"]
        ),
    }
    return [
        DeclareLaunchArgument(
            argument.name,
            default_value=defaults.get(argument.name, _text(argument.default)),
            description=argument.description,
            choices=list(argument.choices) or None,
        )
        for argument in arguments
    ]


def node(entry: NodeEntry, arguments: Sequence[Argument]) -> Node:
    """Return the action that starts one node of the graph."""
    kinds = {argument.name: type(argument.default) for argument in arguments}
    parameters = {
        name: ParameterValue(LaunchConfiguration(argument), value_type=kinds[argument])
        for name, argument in entry.parameters.items()
    }
    return Node(
        package=PACKAGE,
        executable=entry.executable,
        namespace=LaunchConfiguration('namespace'),
        parameters=[LaunchConfiguration('config'), {**entry.fixed, **parameters}],
        condition=_condition(entry),
        output='screen',
    )


def robot_state_publisher() -> list[Node]:
    """Return the action that publishes the robot's description and TF, where it is installed."""
    try:
        get_package_prefix('robot_state_publisher')
    except PackageNotFoundError:
        return []
    text = ParameterValue(Command(['xacro ', LaunchConfiguration('urdf')]), value_type=str)
    return [
        Node(
            package='robot_state_publisher',
            executable='robot_state_publisher',
            namespace=LaunchConfiguration('namespace'),
            parameters=[{'robot_description': text}],
        )
    ]


def _condition(entry: NodeEntry) -> IfCondition | None:
    if entry.skip_if is None:
        return None
    argument, value = entry.skip_if
    return IfCondition(PythonExpression(["'", LaunchConfiguration(argument), f"' != '{value}'"]))


def _text(default: str | float | bool) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
