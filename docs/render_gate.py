"""Makes docs/gate.jpg, the picture in the README: a rendered gate, read by what we ship.

python docs/render_gate.py
"""

from pathlib import Path

import cv2

from models.training.gate import GateScene
from streamer.api import PlateReader
from streamer.drawing import draw_plate

image = GateScene(seed=7).render(8.2).image
for plate in PlateReader().read(image):
    draw_plate(image, f"{plate.plate} {plate.confidence:.0%}", plate.box)
cv2.imwrite(str(Path(__file__).with_name("gate.jpg")), image, [cv2.IMWRITE_JPEG_QUALITY, 85])
