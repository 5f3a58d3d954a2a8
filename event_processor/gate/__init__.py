"""May a canary become the version that all replicas run? Judged by what Prometheus knows of both."""
