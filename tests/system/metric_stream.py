"""What is on a stream of metrics, as its reader finds it."""

from mypy_boto3_kinesis import KinesisClient

from event_processor.metrics.metric import Metric, read_metric

STREAM = "quality-metrics"


def metrics_on(kinesis: KinesisClient, stream: str = STREAM) -> list[Metric]:
    """All of them; what is none fails the test."""
    found: list[Metric] = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        where = {"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**where)["ShardIterator"]  # type: ignore[arg-type]
        while iterator:
            answer = kinesis.get_records(ShardIterator=iterator, Limit=10_000)
            for record in answer["Records"]:
                metric = read_metric(record["Data"])
                assert isinstance(metric, Metric), (metric, record["Data"])
                assert record["PartitionKey"] == metric.series.key
                found.append(metric)
            iterator = answer.get("NextShardIterator", "") if answer["Records"] else ""
    return found
