"""SQS to Kinesis: `processor.py` is the page to read first."""
