"""Run stages: on batches from Kafka, or in one process without a server."""
