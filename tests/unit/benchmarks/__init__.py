"""What the benchmarks make of their measurements."""
