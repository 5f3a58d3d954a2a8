"""All questions, one after the other: `python -m benchmarks [--quick] [--record]`."""

import subprocess
import sys
from typing import Final

QUESTIONS: Final = (
    *("end_to_end", "stages", "growth", "shard_limit", "age", "lambda_function"),
    *("gateway", "verdicts", "inspector", "lake", "monitor", "training"),
)


def main(options: list[str]) -> int:
    """Each in a process of its own, so that none is measured on what another left behind. 1 if one of them failed."""
    failed = [question for question in QUESTIONS if not _ran(question, options)]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _ran(question: str, options: list[str]) -> bool:
    return subprocess.run([sys.executable, "-m", f"benchmarks.{question}", *options], check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
