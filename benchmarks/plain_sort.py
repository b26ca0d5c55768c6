"""SORT as the paper has it, to measure against: one filterpy object per track, time in frames.

Bewley et al., "Simple Online and Realtime Tracking" (2016). The paper gives the model and the
life of a track (`max_age` 1, three hits before it counts, IoU at least 0.3); it gives no noise,
which here has the values that its authors' own program is known by.
"""

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.optimize import linear_sum_assignment

from trackers.assign import iou
from trackers.base import Track
from trackers.kalman import to_box, to_measurement

MIN_IOU = 0.3
MAX_AGE = 1


class _Followed:
    def __init__(self, number, box):
        self.id, self.hits, self.age, self.missed, self.detection = number, 1, 0, 0, None
        self.filter = KalmanFilter(dim_x=7, dim_z=4)
        self.filter.F = np.eye(7)
        self.filter.F[[0, 1, 2], [4, 5, 6]] = 1.0
        self.filter.H = np.eye(4, 7)
        self.filter.R[2:, 2:] *= 10.0
        self.filter.P[4:, 4:] *= 1000.0
        self.filter.P *= 10.0
        self.filter.Q[4:, 4:] *= 0.01
        self.filter.Q[6, 6] *= 0.01
        self.filter.x[:4, 0] = to_measurement(box)

    def predict(self):
        if self.filter.x[2, 0] + self.filter.x[6, 0] <= 0:
            self.filter.x[6, 0] = 0.0
        self.filter.predict()
        self.age, self.missed, self.detection = self.age + 1, self.missed + 1, None
        return to_box(self.filter.x[:, 0])

    def update(self, box, index):
        self.filter.update(to_measurement(box))
        self.hits, self.missed, self.detection = self.hits + 1, 0, index


class PlainSort:
    """Takes what every tracker takes; the time is not looked at."""

    def __init__(self):
        self._followed, self._given = [], 0

    def update(self, boxes, scores, time_s):
        expected = np.array([one.predict() for one in self._followed]).reshape(-1, 4)
        overlap = iou(expected, boxes) if len(expected) and len(boxes) else np.zeros((0, 0))
        taken = set()
        for row, column in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[row, column] >= MIN_IOU:
                self._followed[row].update(boxes[column], column)
                taken.add(column)
        for index in range(len(boxes)):
            if index not in taken:
                self._given += 1
                new = _Followed(self._given, boxes[index])
                new.detection = index
                self._followed.append(new)
        self._followed = [one for one in self._followed if one.missed <= MAX_AGE]
        return [
            Track(one.id, tuple(to_box(one.filter.x[:, 0])), (0.0, 0.0), 0.0, one.hits,
                  one.detection)
            for one in self._followed
        ]  # fmt: skip
