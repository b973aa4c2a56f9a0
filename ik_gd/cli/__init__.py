"""The ik_gd command line."""
