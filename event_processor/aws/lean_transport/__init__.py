"""The calls of the hot path at a fraction of boto3's CPU: its settings, its errors, and none of its machinery."""
