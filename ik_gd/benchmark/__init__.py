"""Measures the solver beside its peers: protocols A to E. Only cli imports it."""
