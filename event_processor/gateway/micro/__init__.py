"""The gateway without AWS, for development and tests: it judges as ever, and remembers instead of publishing."""
