"""The job `gateway`: records over HTTP onto streams, each answered when Kinesis has it."""
