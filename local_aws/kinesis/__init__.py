"""Amazon Kinesis Data Streams: shared-throughput producers and consumers."""
