"""Detectors by name. A part is one file and one line here; it is imported only when chosen.

The keyword parameters of a detector's constructor are its options in the configuration.
"""

DETECTORS = {
    "yolo": "models.detectors.yolo:YoloDetector",
    "contours": "models.detectors.contours:ContoursDetector",
    "ultralytics": "models.detectors.ultralytics:UltralyticsDetector",
    "two_stage": "models.detectors.two_stage:TwoStageDetector",
}
