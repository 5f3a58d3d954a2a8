#!/bin/sh
# LocalStack runs this each time it is ready, and each time it has forgotten everything before.
set -eu

queue() { awslocal sqs create-queue --queue-name "$1" --attributes "${2:-"{}"}" --output text; }

queue "$REJECTS_QUEUE"
dead_letters=$(queue "$QUEUE_NAME-dead-letters")
arn=$(awslocal sqs get-queue-attributes --queue-url "$dead_letters" --attribute-names QueueArn \
    --query Attributes.QueueArn --output text)
queue "$QUEUE_NAME" '{"RedrivePolicy": "{\"deadLetterTargetArn\": \"'"$arn"'\", \"maxReceiveCount\": \"10\"}"}'
awslocal kinesis create-stream --stream-name "$STREAM_NAME" --shard-count 2
for stream in $STREAMS; do awslocal kinesis create-stream --stream-name "$stream" --shard-count 1; done
for stream in $STREAM_NAME $STREAMS; do awslocal kinesis wait stream-exists --stream-name "$stream"; done
