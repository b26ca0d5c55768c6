"""Traces of an event's way from the camera to the sinks, for OpenTelemetry; off by default."""
