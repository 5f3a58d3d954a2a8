"""The smallest job on a reader: `python -m tests.system.stream_reader ENDPOINT STREAM FOLDER`.

Writes what it reads to FOLDER/read, a line a record (process, shard, sequence, text), on the disk before it is done.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from event_processor.aws.clients import Clients, Location
from event_processor.aws.kinesis_reader import KinesisReader
from event_processor.clock import SystemClock
from event_processor.consuming.limits import ReadingLimits
from event_processor.consuming.reader import Reader
from event_processor.stores.checkpoint_directory import DirectoryCheckpoints
from event_processor.testing import RecordingObserver


def main(endpoint: str, stream: str, folder: Path) -> None:
    """Read until SIGTERM."""
    observer = RecordingObserver()
    source = KinesisReader(Clients(Location(endpoint, "us-east-1")).reading(8), stream, observer)
    checkpoints = DirectoryCheckpoints(folder / "state", "inspect", stream)
    reader = Reader(source, checkpoints, ReadingLimits(reads_per_second=4.0), SystemClock(), observer)
    signal.signal(signal.SIGTERM, lambda *_: reader.stop())
    reader.start()
    with (folder / "read").open("ab") as file:
        while not reader.is_stopping:
            if (batch := reader.next(0.2)) is not None:
                time.sleep(random.uniform(0, 0.4))  # work takes its time, so that a kill may come in the middle
                for record in batch.records:
                    line = f"{os.getpid()} {batch.shard} {record.sequence} {record.data.decode()}\n"
                    file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
                reader.done(batch)
    sys.exit(not reader.close(10))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
