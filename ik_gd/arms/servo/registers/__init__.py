"""Register tables as data: one file a servo family."""
