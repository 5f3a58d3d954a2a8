"""How fast is each contender from queue to stream, at what cost in CPU, and is the order kept?"""
