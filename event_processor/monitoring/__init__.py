"""The job `monitor`: metrics of a stream, judged as they arrive, and people told of what is not as expected."""
