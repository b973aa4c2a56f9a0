"""Measures the solver beside its peers: protocols A to E. A top layer: nothing imports it but cli."""
