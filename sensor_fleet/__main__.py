"""`python -m sensor_fleet` is the console script `sensor-fleet`."""

from sensor_fleet.cli import main

main(prog_name="sensor-fleet")
