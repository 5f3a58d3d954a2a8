"""Does the memory of the HTTP door stay as it is at half load?"""
