"""The tools of `ik_gd servo`: each asks, prints, and leaves the work to ik_gd.arms.servo."""
