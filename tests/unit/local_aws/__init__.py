"""local_aws by itself: its clock is moved by hand, its sockets are real."""
