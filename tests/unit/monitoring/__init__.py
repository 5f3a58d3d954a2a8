"""Detection, and the job around it, part by part."""
