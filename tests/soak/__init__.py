"""Random faults, load and chaos around the real programs, for as long as you like, and a verdict on each round."""
