"""Is it stolen? The daemon's own watchlist says so in the event; this hears of it over MQTT.

    watchlists:
      - {name: stolen, kind: deny, file: stolen.csv}
    sinks:
      mqtt: {host: 127.0.0.1}

python stolen_vehicles_mqtt.py 127.0.0.1 1883 stolen

Prints a line of JSON for each vehicle that is on the list, the misread ones too (`how`).
"""

import json
import sys
from collections import deque
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

seen: deque[str] = deque(maxlen=10_000)


def connected(client: Client, *_: Any) -> None:
    client.subscribe("plates/+/event", qos=1)  # again after each reconnection


def came(client: Client, name: str, message: MQTTMessage) -> None:
    event = json.loads(message.payload)
    if event["id"] in seen:  # delivery is at least once
        return
    seen.append(event["id"])
    for match in (event["watchlist"] or {"matches": []})["matches"]:
        if match["list"] == name:
            told = {key: event[key] for key in ("id", "camera", "plate", "read_at", "snapshot")}
            print(json.dumps(told | {"entry": match["entry"], "how": match["how"]}), flush=True)
            break


def main() -> None:
    host, port, name = sys.argv[1:]
    # With a session of its own it is told later of what comes while it is away.
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"alarms-{name}",
        protocol=MQTTProtocolVersion.MQTTv311,
        clean_session=False,
        userdata=name,
    )
    client.on_connect = connected
    client.on_message = came
    client.connect(host, int(port))
    client.loop_forever()


if __name__ == "__main__":
    main()
