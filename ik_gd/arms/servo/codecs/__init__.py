"""Wire protocols as pure functions from values to bytes and back: no port, no clock, no state."""
