"""SQS and Kinesis behind the core's ports."""
