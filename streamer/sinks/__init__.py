"""Where events go: the store first, then each sink from its own durable outbox."""

SINKS = {
    "mqtt": "streamer.sinks.mqtt:MqttSink",
    "jsonl": "streamer.sinks.jsonl:JsonlSink",
    "csv": "streamer.sinks.csv:CsvSink",
    "webhook": "streamer.sinks.webhook:WebhookSink",
    "memory": "streamer.sinks.memory:MemorySink",
}
