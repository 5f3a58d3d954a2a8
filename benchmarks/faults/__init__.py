"""What happens to the events under the usual retry policies, and under ours, when PutRecords partly fails?"""
