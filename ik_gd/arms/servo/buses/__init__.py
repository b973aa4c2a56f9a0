"""A ServoBus for each protocol: a codec on a port."""
