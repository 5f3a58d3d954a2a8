"""`python -m event_processor` is `event-processor`."""

from event_processor.commands.main import main

if __name__ == "__main__":
    main()
