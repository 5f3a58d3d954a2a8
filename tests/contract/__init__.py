"""The same checks against local_aws and against moto."""
