"""Things that move: a perfect arm, a PyBullet arm, a servo bus. No ROS."""
