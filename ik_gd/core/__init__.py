"""Pure arm control: URDF, kinematics, descent, following. No ROS, no devices, no clock."""
