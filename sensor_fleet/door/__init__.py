"""Records through an HTTP door: sent, remembered by how each was answered, and held against the streams."""
