"""The feed from Kafka to a client: feeder, gateway and SDK as real processes on a real Kafka and Valkey."""
