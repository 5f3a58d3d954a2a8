"""How many records a second does a core deliver into the lake and the warehouse, and with how much memory?"""
