"""Serial servo buses: protocols, calibration, health, and a virtual arm that emulates them."""
