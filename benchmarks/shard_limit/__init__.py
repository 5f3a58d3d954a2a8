"""How close to the limit of its shards does the processor come?"""
