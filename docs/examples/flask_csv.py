"""A page of what stands in a table that grows: `plate-streamer read … --format csv --append`.

PLATES=plates.csv flask --app flask_csv run
"""

import csv
import os
from pathlib import Path

from flask import Flask, render_template_string

app = Flask(__name__)

PAGE = """<!doctype html>
<title>Plates</title>
<h1>{{ rows | length }} plates</h1>
<table>
  <tr><th>plate<th>sure<th>picture</tr>
  {% for row in rows %}
  <tr><td>{{ row.plate }}<td>{{ "%.0f %%" | format(row.confidence | float * 100) }}
      <td>{{ row.source }}</tr>
  {% endfor %}
</table>
"""


@app.get("/")
def home() -> str:
    """The newest first. The templates of Flask escape what stands in the table."""
    table = Path(os.environ.get("PLATES", "plates.csv"))
    rows = []
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    return render_template_string(PAGE, rows=rows[::-1])
