"""What becomes of the events under the usual retry policies, and under ours, when PutRecords partly fails?"""
