"""Topic and service names, and the QoS of each. All names are relative: remaps work.

QoS follows the habits of ROS 2's own drivers: readers of joint states are best effort, which
matches both kinds of writers; writers are reliable; `robot_description` is latched.
"""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

TARGET_POSE = 'target_pose'
TARGET_TWIST = 'target_twist'
JOINT_STATES = 'joint_states'
JOINT_COMMAND = 'joint_command'
JOINT_TRAJECTORY = 'joint_trajectory'
ROBOT_DESCRIPTION = 'robot_description'
STATUS = '~/status'
TIP_POSE = '~/tip_pose'
DIAGNOSTICS = '/diagnostics'
CLOCK = '/clock'

PAUSE = '~/pause'
HOME = '~/home'
STOP = '~/stop'
RESET = '~/reset'
ENABLE = '~/enable'
CLEAR_FAULT = '~/clear_fault'

NEWEST_ONLY = QoSProfile(depth=1)
BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=10)
LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
