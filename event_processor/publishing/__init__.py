"""Records onto a stream, in order: lanes, waves, pacing. Pure."""
