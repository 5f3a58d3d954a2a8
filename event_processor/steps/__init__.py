"""From a delivery to its records, one pure step after the other: parse, validate, record."""
