"""The queues by name, and the operations on queues as such."""

import re
from collections.abc import Callable, Mapping

from local_aws.clock import Clock
from local_aws.errors import ACCOUNT_ID, Json
from local_aws.params import string_map
from local_aws.sqs.attributes import READABLE, QueueAttributes
from local_aws.sqs.errors import invalid_parameter, queue_does_not_exist, sqs_error, wrong_parameters
from local_aws.sqs.message import State
from local_aws.sqs.params import integer, names, optional_text
from local_aws.sqs.queue import Queue, Redrive, checked_tags

_ARN_PREFIX = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_FIFO_SUFFIX = ".fifo"
_MAX_NAME = 80


class QueueDirectory:
    """Creates, finds and deletes queues.

    Each operation takes the request's parameters and the endpoint the client used, which becomes part of queue URLs.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queues: dict[str, Queue] = {}
        self.operations: Mapping[str, Callable[[Json, str], Json]] = {
            "CreateQueue": self.create,
            "DeleteQueue": self.delete,
            "GetQueueAttributes": self.get_attributes,
            "GetQueueUrl": self.get_url,
            "ListDeadLetterSourceQueues": self.list_dead_letter_sources,
            "ListQueues": self.list_queues,
            "PurgeQueue": self.purge,
            "SetQueueAttributes": self.set_attributes,
        }

    def find(self, params: Json) -> Queue:
        """The queue of the QueueUrl, of which only the last part, the name, counts. Raises QueueDoesNotExist."""
        name = optional_text(params, "QueueUrl").rpartition("/")[2]
        if name not in self._queues:
            raise queue_does_not_exist()
        return self._queues[name]

    def redrive(self, queue: Queue) -> Redrive | None:
        """Where the queue's undeletable messages go; None without a policy or when that queue is gone."""
        policy = queue.attributes.redrive_policy
        target = self._by_arn(policy.dead_letter_target_arn) if policy else None
        return Redrive(target, policy.max_receive_count) if policy and target else None

    def wake_receivers(self) -> None:
        """Let every long poll look again."""
        for queue in self._queues.values():
            queue.notify()

    def create(self, params: Json, endpoint: str) -> Json:
        """CreateQueue. The same attributes again return the queue there is, others raise QueueNameExists."""
        name, given = _queue_name(params), string_map(params, "Attributes")
        fifo = str(given.get("FifoQueue", "")).lower() == "true"
        _check_name(name, fifo=fifo)
        existing = self._queues.get(name)
        attributes = (existing.attributes if existing else QueueAttributes(fifo=fifo)).with_changes(given)
        if existing and (different := existing.attributes.first_difference(attributes)):
            message = f"A queue already exists with the same name and a different value for attribute {different}"
            raise sqs_error("QueueNameExists", message)
        tags = checked_tags(string_map(params, "tags"))
        if not existing:
            self._check_redrive(attributes, given)
            self._queues[name] = Queue(name, _ARN_PREFIX + name, attributes, self._clock)
            self._queues[name].tags = tags
        return {"QueueUrl": _url(name, endpoint)}

    def delete(self, params: Json, _endpoint: str) -> Json:
        """DeleteQueue. Receivers in a long poll get QueueDoesNotExist."""
        queue = self.find(params)
        del self._queues[queue.name]
        queue.notify()
        return {}

    def get_url(self, params: Json, endpoint: str) -> Json:
        """GetQueueUrl."""
        name = _queue_name(params)
        if name not in self._queues:
            raise queue_does_not_exist()
        return {"QueueUrl": _url(name, endpoint)}

    def list_queues(self, params: Json, endpoint: str) -> Json:
        """ListQueues, by name; the token is the last name of the page before."""
        prefix = optional_text(params, "QueueNamePrefix")
        return _page(params, "QueueUrls", [name for name in self._queues if name.startswith(prefix)], endpoint)

    def list_dead_letter_sources(self, params: Json, endpoint: str) -> Json:
        """ListDeadLetterSourceQueues: the queues whose redrive policy names this one."""
        target = self.find(params)
        sources = [
            queue.name
            for queue in self._queues.values()
            if (policy := queue.attributes.redrive_policy) and policy.dead_letter_target_arn == target.arn
        ]
        return _page(params, "queueUrls", sources, endpoint)

    def purge(self, params: Json, _endpoint: str) -> Json:
        """PurgeQueue, at once."""
        self.find(params).purge()
        return {}

    def get_attributes(self, params: Json, _endpoint: str) -> Json:
        """GetQueueAttributes. The counts are exact here."""
        queue = self.find(params)
        wanted = names(params, "AttributeNames")
        if unknown := set(wanted) - READABLE:
            raise sqs_error("InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")
        values = {
            **queue.attributes.as_strings(),
            "ApproximateNumberOfMessages": str(queue.count(State.VISIBLE)),
            "ApproximateNumberOfMessagesDelayed": str(queue.count(State.DELAYED)),
            "ApproximateNumberOfMessagesNotVisible": str(queue.count(State.IN_FLIGHT)),
            "CreatedTimestamp": str(int(queue.created_at)),
            "LastModifiedTimestamp": str(int(queue.modified_at)),
            "QueueArn": queue.arn,
        }
        found = {name: value for name, value in values.items() if "All" in wanted or name in wanted}
        return {"Attributes": found} if found else {}

    def set_attributes(self, params: Json, _endpoint: str) -> Json:
        """SetQueueAttributes."""
        queue = self.find(params)
        given = string_map(params, "Attributes")
        attributes = queue.attributes.with_changes(given)
        self._check_redrive(attributes, given)
        queue.attributes = attributes
        queue.modified_at = self._clock.now()
        return {}

    def _by_arn(self, arn: str) -> Queue | None:
        # The region of the ARN does not count: a client's region is whatever its user has set.
        return self._queues.get(arn.rpartition(":")[2])

    def _check_redrive(self, attributes: QueueAttributes, given: Mapping[str, str]) -> None:
        policy = attributes.redrive_policy
        if policy is None or "RedrivePolicy" not in given:
            return
        target = self._by_arn(policy.dead_letter_target_arn)
        if target is None:
            raise invalid_parameter("RedrivePolicy", given["RedrivePolicy"], "Dead letter target does not exist.")
        if target.attributes.fifo != attributes.fifo:
            reason = "Dead-letter target must be same type of queue as the source."
            raise invalid_parameter("RedrivePolicy", given["RedrivePolicy"], reason)


def _queue_name(params: Json) -> str:
    name = optional_text(params, "QueueName")
    if not name:
        raise wrong_parameters("Value for parameter QueueName is invalid. Reason: Must specify a queue name.")
    return name


def _check_name(name: str, *, fifo: bool) -> None:
    stem = name.removesuffix(_FIFO_SUFFIX) if fifo else name
    if fifo and (stem == name or len(name) > _MAX_NAME or not _NAME.fullmatch(stem)):
        raise wrong_parameters(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with "
            ".fifo suffix and be 1 to 80 in length"
        )
    if not fifo and not _NAME.fullmatch(stem):
        message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        raise wrong_parameters(message)


def _url(name: str, endpoint: str) -> str:
    return f"{endpoint}/{ACCOUNT_ID}/{name}"


def _page(params: Json, key: str, found: list[str], endpoint: str) -> Json:
    size = integer(params, "MaxResults", 1000, 1, 1000)
    after = optional_text(params, "NextToken")
    rest = sorted(name for name in found if name > after)
    answer: Json = {key: [_url(name, endpoint) for name in rest[:size]]} if rest else {}
    # "If you set MaxResults and there are additional results to display, the response includes a value for NextToken"
    # (ListQueues in the SQS API reference).
    if len(rest) > size and params.get("MaxResults") is not None:
        answer["NextToken"] = rest[size - 1]
    return answer
