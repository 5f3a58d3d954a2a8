"""What is not valid: the record of it, its store's port, selection, and sending it after all."""
