"""Can clients of the metrics port delay probes, or the work?"""
