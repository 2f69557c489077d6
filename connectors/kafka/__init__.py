"""Kafka: the road that events travel on."""
