"""Training: models made of what people labelled, held against the rule and chance, and promoted if they are better.

The only part that needs scikit-learn (extra `training`). Nothing that scores imports it.
"""

from event_processor.errors import NotReady


def require() -> None:
    """Raises NotReady without the extra."""
    try:
        import sklearn  # noqa: F401, PLC0415 - an extra
    except ImportError:
        raise NotReady(
            "scikit-learn is missing: pip install 'event-processor[training]', in a clone '.[training]'"
        ) from None
