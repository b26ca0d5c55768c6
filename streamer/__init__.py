"""plate-streamer: cameras in, one trustworthy event per vehicle out."""

import models  # noqa: F401  (switches telemetry of the runtimes off before anything imports them)
