"""Kafka and Valkey for one machine, and the supervision of every child process: up, doctor.

What it starts is the real thing, and nothing that it started outlives it.
"""
