"""The job `deliver`: off the streams, into files nobody has to fear, and into a warehouse."""
