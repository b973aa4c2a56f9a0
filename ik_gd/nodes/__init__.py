"""ROS 2 nodes: translate messages to core types and back, never compute."""
