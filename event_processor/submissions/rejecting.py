"""Makes the reject of an invalid submission or event."""

from event_processor.ids import event_id, reject_id
from event_processor.rejects.reject import Origin, Reject
from event_processor.submissions.parse import original_text
from event_processor.submissions.submission import Submission
from event_processor.submissions.validate import Invalid, InvalidSubmission


def rejected_submission(body: str, origin: Origin, invalid: InvalidSubmission) -> Reject:
    """The reject of a whole submission."""
    return Reject(reject_id(body), invalid.faults, body, origin, invalid.submission_id, invalid.device_id)


def rejected_event(submission: Submission, origin: Origin, invalid: Invalid) -> Reject:
    """The reject of one event, its siblings untouched."""
    return Reject(
        reject_id=reject_id(event_id(submission.submission_id, invalid.event_type, invalid.position)),
        faults=invalid.faults,
        original=original_text(submission.events[invalid.event_type][invalid.position]),
        origin=origin,
        submission_id=submission.submission_id,
        device_id=submission.device_id,
        time_created=submission.time_created,
        event_type=invalid.event_type,
        sequence=invalid.sequence,
    )
