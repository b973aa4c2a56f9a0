"""Where a node gets its robot description from, and which part of the robot is its arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from std_msgs.msg import String

from ik_gd.core.chain import Chain
from ik_gd.core.urdf import load_urdf_text
from ik_gd.nodes.interfaces import LATCHED, ROBOT_DESCRIPTION
from ik_gd.nodes.parameters import Parameter

ROBOT_PARAMETERS = (
    Parameter(
        'robot_description',
        '',
        'URDF or xacro text of the robot; where both this and urdf are empty, the latched topic '
        'robot_description is waited for',
        live=True,
    ),
    Parameter('urdf', '', 'path of a URDF or xacro file, used where robot_description is empty'),
    Parameter('base_link', '', 'link in whose frame the arm is moved; empty for the root link'),
    Parameter('tip_link', '', 'link that is brought to the target; empty for the only leaf link'),
)


@dataclass(frozen=True)
class RobotSource:
    """Which robot, and which chain of it; empty text for what is not given."""

    robot_description: str
    urdf: str
    base_link: str
    tip_link: str

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> RobotSource:
        """Take the rows of ROBOT_PARAMETERS out of all of a node's parameters."""
        return cls(*(values[row.name] for row in ROBOT_PARAMETERS))

    def text(self) -> str | None:
        """Return the expanded URDF that the parameters give, None if the topic must.

        Raises:
            UrdfError: the file or the text cannot be read.
        """
        source = self.robot_description or self.urdf
        return load_urdf_text(source)[0] if source else None

    def chain(self, text: str) -> Chain:
        """Return the arm in the URDF `text`.

        Raises:
            UrdfError: the text is not usable or has no such chain.
        """
        return Chain.from_urdf(text, self.base_link or None, self.tip_link or None)


def listen_for_description(node: Node, on_text: Callable[[str], None]) -> None:
    """Call `on_text` with what arrives on the latched topic, now and after each reload."""
    node.create_subscription(
        String, ROBOT_DESCRIPTION, lambda message: on_text(message.data), LATCHED
    )
