"""Requests over the network, one answer for each: what both transports send with, and read with."""
