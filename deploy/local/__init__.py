"""The native stack: Kafka and Elasticsearch as background processes; requires only Python and a JDK."""
