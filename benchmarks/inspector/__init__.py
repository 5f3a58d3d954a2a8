"""How many records a second does a core inspect, how far behind, and with how much memory?"""
