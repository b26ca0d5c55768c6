"""Makes dashboards/plate-streamer.json from panels.py, for Grafana 11.6 and later.

python config/grafana/dashboard.py
"""

import json
from pathlib import Path

from grafana_foundation_sdk.builders import common as shape
from grafana_foundation_sdk.builders import dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from panel import Panel
from panels import ROWS

FILE = Path(__file__).parent / "dashboards/plate-streamer.json"
SOURCE = model.DataSourceRef("prometheus", "${datasource}")
TALL, FLAT = 8, 4
Builder = timeseries.Panel | stat.Panel | statetimeline.Panel


def text() -> str:
    """The dashboard as the committed file has it."""
    page = json.loads(json.dumps(build().build(), cls=JSONEncoder))
    for variable in page["templating"]["list"]:
        # the SDK writes these into every variable, and Grafana knows them of intervals alone
        for key in ("auto", "auto_count", "auto_min"):
            variable.pop(key)
    return json.dumps(page, indent=1, sort_keys=True) + "\n"


def build() -> dashboard.Dashboard:
    """The whole dashboard."""
    page = (
        dashboard.Dashboard("plate-streamer")
        .uid("plate-streamer")
        .description("Cameras, reading and delivery of plate-streamer. Made by dashboard.py.")
        .tags(["plate-streamer"])
        .timezone("browser")
        .time("now-6h", "now")
        .refresh("30s")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        .with_variable(_variable("instance", "Box", "label_values(anpr_build_info, instance)"))
        .with_variable(
            _variable(
                "camera", "Camera", 'label_values(anpr_camera_up{instance=~"$instance"}, camera)'
            )
        )
    )
    number = 0
    for row in ROWS:
        number += 1
        page.with_row(dashboard.Row(row.title).id(number))
        for panel in row.panels:
            number += 1
            page.with_panel(_panel(panel).id(number))
    return page


def _variable(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(model.VariableOption(text="All", value="$__all", selected=True))
    )


def _panel(panel: Panel) -> Builder:
    drawn = {"number": _number, "text": _number, "states": _states}.get(panel.style, _lines)(panel)
    drawn.title(panel.title).description(panel.text).datasource(SOURCE).span(panel.width)
    drawn.unit(panel.unit)
    for letter, (legend, query) in zip("ABCDEFGH", panel.queries.items(), strict=False):
        target = prometheus.Dataquery().expr(query).legend_format(legend).ref_id(letter)
        drawn.with_target(target.instant() if isinstance(drawn, stat.Panel) else target.range())
    if panel.least_step:
        drawn.interval(panel.least_step)
    if panel.steps:
        drawn.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        drawn.thresholds(_thresholds(panel))
    if panel.states:
        words = {
            str(value): model.ValueMappingResult(text=word, color=colour, index=value)
            for value, (word, colour) in panel.states.items()
        }
        drawn.mappings([model.ValueMap(words)])
    return drawn


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [model.Threshold(value, colour) for value, colour in panel.steps]
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps)


def _number(panel: Panel) -> stat.Panel:
    shows = common.BigValueTextMode.NAME if panel.style == "text" else common.BigValueTextMode.VALUE
    return (
        stat.Panel()
        .height(FLAT)
        .text_mode(shows)
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .decimals(0)
        .reduce_options(shape.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def _states(panel: Panel) -> statetimeline.Panel:
    return (
        statetimeline.Panel()
        .height(TALL)
        .show_value(common.VisibilityMode.AUTO)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )


def _lines(panel: Panel) -> timeseries.Panel:
    bars = panel.style == "bars"
    drawn = (
        timeseries.Panel()
        .height(TALL)
        .draw_style(common.GraphDrawStyle.BARS if bars else common.GraphDrawStyle.LINE)
        .fill_opacity(80 if bars else 0)
        .line_width(1)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            shape.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(shape.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    least, most = panel.limits
    if least is not None:
        drawn.min(least)
    if most is not None:
        drawn.max(most)
    if panel.stacked:
        drawn.stacking(shape.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
    return drawn


if __name__ == "__main__":
    FILE.write_text(text())
