"""Running stages: over Kafka batches, and in one process without a server."""
