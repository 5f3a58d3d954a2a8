"""How much CPU can one hostile body cost?"""
