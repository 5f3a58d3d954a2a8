"""How do speed and memory grow with depth, parallelism and size?"""
