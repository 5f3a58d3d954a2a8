"""What valid means: subjects, versions, JSON Schema, and the verdict on a record. Pure, but for jsonschema_rs."""
