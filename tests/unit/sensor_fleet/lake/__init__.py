"""The witness of the lake."""
