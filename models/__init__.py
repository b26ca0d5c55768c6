"""An image in, meaning out: detectors, readers and their training.

This package knows no camera, no track and no daemon.
"""

import os

# The official onnxruntime wheels (1.29 and later) send telemetry unless this is set
# before the first import, and OpenVINO and ultralytics have switches of their own.
# Importing any module of ours runs these lines first. (onnxruntime PR 27379)
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ["OPENVINO_TELEMETRY"] = "0"
os.environ["YOLO_OFFLINE"] = "1"
os.environ["YOLO_AUTOINSTALL"] = "false"
