// npm sqs-consumer with the AWS SDK for JavaScript: a PutRecords for each received batch, then the batch is deleted.
//
// As recommended: a batch handler that returns the messages to delete, and the graceful stop (README of sqs-consumer 14);
// more instances where one is not enough (its maintainer, github.com/bbc/sqs-consumer/issues/229); as many sockets as calls
// in flight ("Configure maxSockets in Node.js", AWS SDK for JavaScript 3 Developer Guide); refused entries found by their
// ErrorCode and sent again ("PutRecords", Kinesis API Reference). HTTP/1.1 for Kinesis too: its client prefers HTTP/2, which
// plain http cannot negotiate.
import { createHash } from "node:crypto";
import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Consumer } from "sqs-consumer";

const { AWS_ENDPOINT_URL: endpoint, QUEUE_NAME, STREAM_NAME, CONSUMERS } = process.env;
const consumers = Number(CONSUMERS);
const client = () => ({
  endpoint,
  requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: consumers }) }),
});
const sqs = new SQSClient(client());
const kinesis = new KinesisClient(client());

function* records({ Body }) {
  const submission = JSON.parse(Buffer.from(Body, "base64"));
  let sequence = 0;
  for (const [type, events] of Object.entries(submission.events)) {
    for (const [position, data] of events.entries()) {
      const record = {
        event_id: createHash("sha1").update(`${submission.submission_id}/${type}/${position}`).digest("hex"),
        submission_id: submission.submission_id,
        device_id: submission.device_id,
        sequence: sequence++,
        event_type: type,
        processed_at: new Date().toISOString(),
        time_created: submission.time_created,
        event_data: data,
      };
      yield { Data: Buffer.from(JSON.stringify(record)), PartitionKey: submission.device_id };
    }
  }
}

async function publish(messages) {
  let unsent = messages.flatMap((message) => [...records(message)]);
  for (let pauseMs = 10; unsent.length; pauseMs = Math.min(2 * pauseMs, 1000)) {
    const sent = [];
    for (let first = 0; first < unsent.length; first += 500) {
      const Records = unsent.slice(first, first + 500);
      sent.push(...(await kinesis.send(new PutRecordsCommand({ StreamName: STREAM_NAME, Records }))).Records);
    }
    unsent = unsent.filter((_, index) => sent[index].ErrorCode);
    if (unsent.length) await pause(pauseMs * Math.random());
  }
  return messages;
}

const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: QUEUE_NAME }));
const running = Array.from({ length: consumers }, () =>
  Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    batchSize: 10,
    pollingCompleteWaitTimeMs: 10_000,
    handleMessageBatch: publish,
  }),
);
for (const consumer of running) {
  consumer.on("error", console.error);
  consumer.on("processing_error", console.error);
  consumer.start();
}
process.once("SIGTERM", async () => {
  const stopped = running.map((consumer) => new Promise((resolve) => consumer.once("stopped", resolve)));
  running.forEach((consumer) => consumer.stop());
  await Promise.all(stopped);
  process.exit(0);
});
