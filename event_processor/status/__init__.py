"""Health and status page, and the small server that shows them."""
