"""The HTTP door on a real Kafka and Valkey, with the stages and the feeder behind it."""
