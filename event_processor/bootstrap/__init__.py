"""Settings to a running job: the only place where adapters meet the core. A module a job, and what jobs share."""
