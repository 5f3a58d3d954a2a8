"""What deploy/terraform plans and makes, and a processor on it: `make terraform-test`."""
