"""The core's ports in memory: try your own event types and settings without AWS, faults included.

    clock = SystemClock()    # or a ManualClock, to see what happens in an hour
    queue, stream, rejects, observer = MemoryQueue(clock), MemoryStream(), MemoryRejects(), RecordingObserver()
    processor = Processor(queue, stream, rejects, Publisher(random.random), rules, limits, clock, observer)
    threading.Thread(target=processor.run).start()
    queue.send('{"submission_id": ...}')    # then wait until `len(queue)` is 0, and look:
    stream.events(), rejects.stored, observer.of("published")
    processor.stop()

The rules and limits of a real case are in tests/integration/rig.py. All of these keep the contracts that the AWS
adapters keep; tests/contract holds both to them.
"""

from event_processor.testing.clock import ManualClock
from event_processor.testing.memory import Fate, MemoryQueue, MemoryRejects, MemoryStream, StoredRecord
from event_processor.testing.recording_observer import Fact, RecordingObserver

__all__ = [
    "Fact",
    "Fate",
    "ManualClock",
    "MemoryQueue",
    "MemoryRejects",
    "MemoryStream",
    "RecordingObserver",
    "StoredRecord",
]
