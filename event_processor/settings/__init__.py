"""Settings, from the environment, read once: a module for each job, and what they share."""
