"""How many verdicts by contracts does a core give a second, and what can one record cost?"""
