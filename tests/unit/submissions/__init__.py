"""Unit tests of the job that takes submissions from SQS to Kinesis."""
