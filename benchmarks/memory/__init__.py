"""How much memory does a processor use after hours of work?"""
