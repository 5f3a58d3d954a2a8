"""Ways to run the core: a worker for containers; others later. Tens of lines each."""
