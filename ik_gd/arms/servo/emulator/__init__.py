"""A virtual servo arm on a pseudo-terminal: real bytes, servo dynamics and faults.

It shares no code with the driver, so that each can prove the other.
"""
