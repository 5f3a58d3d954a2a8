"""The calls of the hot path at a fraction of boto3's CPU, with boto3's settings and errors."""
