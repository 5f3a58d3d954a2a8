"""The promises, as properties and state machines of Hypothesis."""
