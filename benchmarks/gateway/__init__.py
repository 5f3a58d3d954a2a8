"""How many records a second does a core take at the HTTP door, how soon are they answered, and are they safe then?"""
