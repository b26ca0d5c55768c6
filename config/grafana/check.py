"""Ask a Prometheus what the dashboard asks, and say which panels would show something.

python config/grafana/check.py [http://127.0.0.1:9090]      (within the environment of the project)

For when a panel is empty, and for who has no Grafana yet. Exit code 1 if a panel stays empty that
should not be (those that only show failures may be), 2 if Prometheus cannot be asked.
"""

import sys

import requests
from panels import ROWS

VARIABLES = {"$__rate_interval": "1m", "$instance": ".*", "$camera": ".*"}
TIMEOUT_S = 10.0


def series(address: str, query: str) -> int:
    """How many series (with a number in them) answer a query. Raises requests' errors."""
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    answer = requests.get(f"{address}/api/v1/query", {"query": query}, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return sum(one["value"][1] != "NaN" for one in answer.json()["data"]["result"])


def main(address: str) -> int:
    """Print a line per panel."""
    empty = 0
    for row in ROWS:
        for panel in row.panels:
            found = sum(series(address, query) for query in panel.queries.values())
            missing = not found and not panel.may_be_empty
            empty += missing
            note = "" if found else f"  ({panel.may_be_empty or 'it should have'})"
            print(f"{found:4}  {panel.title}{note}")
    return int(empty > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if sys.argv[1:] else "http://127.0.0.1:9090"))
    except requests.RequestException as error:
        print(f"Prometheus cannot be asked: {error}", file=sys.stderr)
        sys.exit(2)
