"""The job `inspect`: off a stream, a verdict on each record, rejects kept, and people told."""
