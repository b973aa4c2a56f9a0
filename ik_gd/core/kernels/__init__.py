"""Compiled functions over plain arrays; every public twin lives one level up."""
