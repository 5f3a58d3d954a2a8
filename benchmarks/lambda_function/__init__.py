"""What a cold start of the Lambda function costs, and an event in a warm one."""
