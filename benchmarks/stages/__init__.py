"""Where does the time of an event go?"""
