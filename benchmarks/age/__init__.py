"""How old is a submission when its last event is acknowledged, at half of what the processor can do?"""
