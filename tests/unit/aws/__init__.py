"""Unit tests of SQS and Kinesis behind the ports."""
