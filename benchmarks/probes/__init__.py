"""What whoever knocks on the metrics port costs."""
