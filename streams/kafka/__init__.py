"""Access to Kafka without Faust: clients, topic offsets, rewinding a consumer group, dead letters."""
