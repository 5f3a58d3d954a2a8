"""Connections, requests and answers, for both transports."""
