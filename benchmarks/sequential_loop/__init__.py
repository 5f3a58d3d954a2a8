"""How much faster than a plain sequential loop is the processor?"""
