"""The suite: unit, property, integration, chaos, browser; tests/support holds what they share."""
