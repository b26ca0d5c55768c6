"""An image in, meaning out: detectors, readers and their training.

This package knows no camera, no track and no daemon.
"""

import os

# The official onnxruntime wheels (1.29 and later) send telemetry unless this is set before the
# first import (onnxruntime pull request 27379). Importing any module of ours runs these lines
# first. OpenVINO's telemetry sits in its model converter, which we never call.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["YOLO_OFFLINE"] = "1"
os.environ["YOLO_AUTOINSTALL"] = "false"
