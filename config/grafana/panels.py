"""What the dashboard shows: rows of panels, and the queries behind them.

A new metric is a `Panel` in one of the rows, or a row of its own in `ROWS`. Then:

    python config/grafana/dashboard.py

Queries name the metrics as docs/monitoring.md does. Counters that must not be lost are shown
as counts in the step of the picture, not as rates: one dead letter is a 1.
"""

from panel import BLUE, BOX, CAMERA, GREEN, ORANGE, RED, STEP, Panel, Row, quantile

NOW = Row(
    "Now",
    (
        Panel(
            "Cameras down",
            "Cameras from which no frames arrive.",
            {"down": f"count(anpr_camera_up{{{CAMERA}}}) - sum(anpr_camera_up{{{CAMERA}}})"},
            style="number",
            width=4,
            steps=((0, GREEN), (1, RED)),
        ),
        Panel(
            "Vehicles in 24 hours",
            "Events accepted into the store.",
            {"vehicles": f"sum(increase(anpr_events_total{{{CAMERA}}}[24h]))"},
            style="number",
            width=4,
            steps=((0, BLUE),),
        ),
        Panel(
            "Events waiting",
            "Events that a sink does not have yet; nothing is lost while they wait.",
            {"waiting": f"sum(anpr_outbox_depth{{{BOX}}})"},
            style="number",
            width=4,
            steps=((0, GREEN), (10, ORANGE), (100, RED)),
        ),
        Panel(
            "Broker",
            "The connection to the MQTT broker; empty where none is configured.",
            {
                "broker": f"min(anpr_mqtt_connected{{{BOX}}}"
                ' and on (job, instance) anpr_outbox_depth{sink="mqtt"})'
            },
            style="number",
            width=4,
            states={0: ("away", RED), 1: ("connected", GREEN)},
        ),
        Panel(
            "Alerts",
            "Alerts that fire now; docs/monitoring.md says what to do.",
            {"firing": 'count(ALERTS{job="plate-streamer", alertstate="firing"}) or vector(0)'},
            style="number",
            width=4,
            steps=((0, GREEN), (1, RED)),
        ),
        Panel(
            "Version",
            "What runs on the boxes.",
            {"{{version}}": f"anpr_build_info{{{BOX}}}"},
            style="text",
            width=4,
            steps=((0, BLUE),),
        ),
    ),
)

CAMERAS = Row(
    "Cameras",
    (
        Panel(
            "State",
            "Frames arrive, or do not; paused is a camera that was told to.",
            {
                "{{camera}}": f"anpr_camera_up{{{CAMERA}}}"
                f" + anpr_camera_up{{{CAMERA}}} * anpr_camera_paused{{{CAMERA}}}"
            },
            style="states",
            states={0: ("down", RED), 1: ("up", GREEN), 2: ("paused", ORANGE)},
        ),
        Panel(
            "Frames per second",
            "Captured, and of those examined for plates. A live camera's other frames are dropped"
            " to stay current; that is right as long as some 5 a second are examined.",
            {
                "{{camera}} captured": f"rate(anpr_frames_captured_total{{{CAMERA}}}[{STEP}])",
                "{{camera}} examined": "rate(anpr_stage_duration_seconds_count"
                f'{{stage="detect", {CAMERA}}}[{STEP}])',
            },
            unit="suffix: /s",
        ),
        Panel(
            "Frames dropped or broken per second",
            "Dropped to stay current, and what could not be decoded.",
            {
                "{{camera}} dropped": f"rate(anpr_frames_dropped_total{{{CAMERA}}}[{STEP}])",
                "{{camera}} corrupt": f"rate(anpr_frames_corrupt_total{{{CAMERA}}}[{STEP}])",
            },
            unit="suffix: /s",
        ),
        Panel(
            "Age of the last frame",
            "More than a second or two is a stream that hangs or is down.",
            {"{{camera}}": f"anpr_last_frame_age_seconds{{{CAMERA}}}"},
            unit="s",
        ),
        Panel(
            "Outages",
            "Times the frames of a camera ceased.",
            {"{{camera}}": f"increase(anpr_camera_outages_total{{{CAMERA}}}[{STEP}])"},
            style="bars",
        ),
        Panel(
            "Reconnects by reason",
            "Every failed try counts, so a camera that is down adds a few a minute.",
            {
                "{{reason}}": "sum by (reason)"
                f" (increase(anpr_stream_reconnects_total{{{CAMERA}}}[{STEP}]))"
            },
            style="bars",
            stacked=True,
        ),
    ),
)

READING = Row(
    "Reading",
    (
        Panel(
            "Vehicles per hour",
            "Events by camera.",
            {"{{camera}}": f"sum by (camera) (increase(anpr_events_total{{{CAMERA}}}[1h]))"},
            style="bars",
            stacked=True,
            least_step="1h",
        ),
        Panel(
            "Reads per hour, by outcome",
            "Published, or why not. A duplicate was published before.",
            {"{{outcome}}": f"sum by (outcome) (increase(anpr_plate_reads_total{{{CAMERA}}}[1h]))"},
            style="bars",
            stacked=True,
            least_step="1h",
        ),
        Panel(
            "Confidence of events",
            "Mean by camera, and what nine of ten events reach. Falling: dirt, focus, light.",
            {
                "{{camera}} mean": "sum by (camera)"
                f" (increase(anpr_plate_confidence_sum{{{CAMERA}}}[1h])) / sum by (camera)"
                f" (increase(anpr_plate_confidence_count{{{CAMERA}}}[1h]))",
                "nine of ten": quantile(0.1, "anpr_plate_confidence", "", "1h"),
            },
            unit="percentunit",
            limits=(0.5, 1),
        ),
        Panel(
            "From capture to acknowledgement",
            "From the frame that decided to the sink's acknowledgement, over 15 minutes.",
            {
                "{{sink}} median": quantile(0.5, "anpr_event_latency_seconds", "sink", "15m"),
                "{{sink}} 90 %": quantile(0.9, "anpr_event_latency_seconds", "sink", "15m"),
                "{{sink}} 99 %": quantile(0.99, "anpr_event_latency_seconds", "sink", "15m"),
            },
            unit="s",
        ),
        Panel(
            "Duration of a step, 95 %",
            "By stage; what costs time is detect and read.",
            {"{{stage}}": quantile(0.95, "anpr_stage_duration_seconds", "stage", STEP)},
            unit="s",
        ),
        Panel(
            "Busy share of each stage",
            "The stage at 100 % is the one that the others wait for.",
            {"{{camera}} {{stage}}": f"rate(anpr_stage_duration_seconds_sum{{{CAMERA}}}[{STEP}])"},
            unit="percentunit",
            limits=(0, 1),
        ),
        Panel(
            "Plates followed",
            "Tracks that are alive now.",
            {"{{camera}}": f"anpr_tracks_active{{{CAMERA}}}"},
        ),
        Panel(
            "Failed steps",
            "Frames that raised an error in a stage and were skipped.",
            {
                "{{stage}}": "sum by (stage)"
                f" (increase(anpr_stage_failures_total{{{CAMERA}}}[{STEP}]))"
            },
            style="bars",
            stacked=True,
        ),
    ),
)

DELIVERY = Row(
    "Delivery",
    (
        Panel(
            "Events waiting",
            "Accepted, and not yet delivered.",
            {"{{sink}}": f"anpr_outbox_depth{{{BOX}}}"},
        ),
        Panel(
            "Age of the oldest event waiting",
            "How long a sink has been without its events.",
            {"{{sink}}": f"anpr_outbox_oldest_age_seconds{{{BOX}}}"},
            unit="s",
        ),
        Panel(
            "Failures",
            "Deliveries are tried again; dead letters are not; what is not stored waits in memory.",
            {
                "{{sink}} deliveries": f"increase(anpr_deliveries_failed_total{{{BOX}}}[{STEP}])",
                "{{sink}} dead letters": f"increase(anpr_dead_letters_total{{{BOX}}}[{STEP}])",
                "{{camera}} not stored": f"increase(anpr_store_failures_total{{{CAMERA}}}[{STEP}])",
                "pictures": f"increase(anpr_pictures_failed_total{{{BOX}}}[{STEP}])",
                "spans of traces": f"increase(anpr_spans_dropped_total{{{BOX}}}[{STEP}])",
            },
            style="bars",
            stacked=True,
        ),
        Panel(
            "Commands",
            "Commands over MQTT, and what became of them.",
            {
                "{{command}} {{outcome}}": "sum by (command, outcome)"
                f" (increase(anpr_mqtt_commands_total{{{BOX}}}[{STEP}]))"
            },
            style="bars",
            stacked=True,
            may_be_empty="until the first command",
        ),
    ),
)

NO_LISTS = "only where the configuration has watchlists"
NO_OWNERS = "only where the configuration asks for owners"

LISTS = Row(
    "Watchlists and owners",
    (
        Panel(
            "Matches per hour",
            "Events whose plate an entry matched; near is as readers misread.",
            {
                "{{list}} {{how}}": "sum by (list, how)"
                f" (increase(anpr_watchlist_matches_total{{{BOX}}}[1h]))"
            },
            style="bars",
            stacked=True,
            least_step="1h",
            may_be_empty=NO_LISTS,
        ),
        Panel(
            "Entries of the lists",
            "Falls when a file loses entries; a file with a fault leaves the last good ones.",
            {"{{list}}": f"sum by (list) (anpr_watchlist_entries{{{BOX}}})"},
            may_be_empty=NO_LISTS,
        ),
        Panel(
            "Owners asked for per hour",
            "What became of asking.",
            {"{{outcome}}": f"sum by (outcome) (increase(anpr_owner_lookups_total{{{BOX}}}[1h]))"},
            style="bars",
            stacked=True,
            least_step="1h",
            may_be_empty=NO_OWNERS,
        ),
    ),
)

NO_CAR_PARK = "only where the configuration has a car park"

PARKING = Row(
    "Car park",
    (
        Panel(
            "Vehicles inside",
            "And places, where the configuration says how many.",
            {
                "inside": f"sum(anpr_parking_occupancy{{{BOX}}})",
                "places": f"sum(anpr_parking_capacity{{{BOX}}}) > 0",
            },
            may_be_empty=NO_CAR_PARK,
        ),
        Panel(
            "Sessions ended per hour",
            "How surely they were paired; many exit_only, missed_exit or lost: a camera misses.",
            {
                "{{outcome}}": "sum by (outcome)"
                f" (increase(anpr_parking_sessions_total{{{BOX}}}[1h]))"
            },
            style="bars",
            stacked=True,
            least_step="1h",
            may_be_empty=NO_CAR_PARK,
        ),
        Panel(
            "Entered, stayed too long, ignored per hour",
            "Ignored are events that do not say which way, or that say it twice.",
            {
                "entered": f"sum(increase(anpr_parking_entries_total{{{BOX}}}[1h]))",
                "overstays": f"sum(increase(anpr_parking_overstays_total{{{BOX}}}[1h]))",
                "{{reason}}": "sum by (reason)"
                f" (increase(anpr_parking_ignored_total{{{BOX}}}[1h]))",
            },
            style="bars",
            least_step="1h",
            may_be_empty=NO_CAR_PARK,
        ),
    ),
)

BOXES = Row(
    "Box",
    (
        Panel(
            "Processor",
            "Cores in use by the daemon.",
            {"{{instance}}": f"rate(process_cpu_seconds_total{{{BOX}}}[{STEP}])"},
            unit="suffix: cores",
        ),
        Panel(
            "Memory",
            "Resident memory of the daemon.",
            {"{{instance}}": f"process_resident_memory_bytes{{{BOX}}}"},
            unit="bytes",
        ),
        Panel(
            "Running for",
            "Falls to zero at every start.",
            {"{{instance}}": f"time() - process_start_time_seconds{{{BOX}}}"},
            unit="s",
        ),
        Panel(
            "Clock of the box",
            "The box's minus Prometheus'.",
            {
                "{{instance}}": f"anpr_clock_seconds{{{BOX}}}"
                f" - timestamp(anpr_clock_seconds{{{BOX}}})"
            },
            unit="s",
            limits=(None, None),
        ),
        Panel(
            "Clocks of the cameras",
            "Each camera's minus its box's; some hundredths of a second behind is the way here.",
            {"{{camera}}": f"anpr_camera_clock_skew_seconds{{{CAMERA}}}"},
            unit="s",
            limits=(None, None),
            may_be_empty="only RTSP cameras that send RTCP sender reports tell",
        ),
        Panel(
            "Open files",
            "A number that only grows is a leak: please report it.",
            {"{{instance}}": f"process_open_fds{{{BOX}}}"},
        ),
    ),
)

ROWS = (NOW, CAMERAS, READING, LISTS, PARKING, DELIVERY, BOXES)
