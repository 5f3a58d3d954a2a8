"""Records off a stream: shards in order of descent, iterators, checkpoints. Knows nothing of a job."""
