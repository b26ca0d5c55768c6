"""What a camera's configuration says of measuring speed, and what is wrong with it."""

from typing import Annotated, Any, Literal, Self

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from streamer.speed.geometry import Point, Road, is_in_line, lines_fault, road_of, road_of_lines

Unit = Literal["km/h", "m/s", "mph"]
Coordinate = Annotated[float, Field(ge=0, le=1)]
Place = tuple[Coordinate, Coordinate]
Metres = tuple[float, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _expression(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        reason = str(error).splitlines()[0].removesuffix(", for expression:")
        raise ValueError(f"'{text}' is no JMESPath, like target.speed: {reason}") from None
    return text


def _topic(text: str) -> str:
    if set(text) & set("+#\0"):
        raise ValueError(f"'{text}' should be one topic, without + and #")
    return text


class RadarConfig(_Strict):
    """A radar that tells its readings over MQTT. `host` None: the broker of sinks.mqtt."""

    topic: Annotated[str, Field(min_length=1), AfterValidator(_topic)]
    value: Annotated[str, AfterValidator(_expression)] = "@"
    unit: Unit = "km/h"
    within_s: Annotated[float, Field(gt=0, le=60)] = 2.0
    error_kmh: Annotated[float, Field(gt=0)] | None = None
    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    username: str | None = None
    password: str | None = None
    tls: bool = False


class SpeedConfig(_Strict):
    """One of: two lines and their distance; points and their metres; a radar.

    `distance_error` is a share, `plate_height_error_m` in metres: both bounds that hold 19 times
    of 20. Heights are above the road.
    """

    lines: tuple[tuple[Place, Place], tuple[Place, Place]] | None = None
    distance_m: Annotated[float, Field(gt=0)] | None = None
    points: Annotated[tuple[Place, ...], Field(min_length=4)] | None = None
    metres: Annotated[tuple[Metres, ...], Field(min_length=4)] | None = None
    distance_error: Annotated[float, Field(ge=0, le=0.5)] = 0.02
    plate_height_m: Annotated[float, Field(ge=0, le=4)] = 0.5
    plate_height_error_m: Annotated[float, Field(ge=0, le=2)] = 0.2
    camera_height_m: Annotated[float, Field(gt=0, le=50)] | None = None
    mqtt: RadarConfig | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        fault = self._fault()
        if fault:
            raise ValueError(fault)
        return self

    def _fault(self) -> str:
        given = [key for key in ("lines", "points", "mqtt") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none"
            return f"should have one of lines, points and mqtt; it has {found}"
        if (self.lines is None) != (self.distance_m is None):
            return "lines and distance_m (the metres between them) belong together"
        if (self.points is None) != (self.metres is None):
            return "points and metres (where they are on the road) belong together"
        height = self.camera_height_m
        if height is not None and height <= self.plate_height_m + self.plate_height_error_m:
            return (
                f"camera_height_m {height:g} should be above the plates, which are up to"
                f" {self.plate_height_m + self.plate_height_error_m:g} m high"
            )
        if self.lines is not None:
            return lines_fault(self.lines)
        return self._points_fault() if self.points and self.metres else ""

    def _points_fault(self) -> str:
        points, metres = self.points or (), self.metres or ()
        if len(points) != len(metres):
            return f"points are {len(points)}, metres {len(metres)}; each point needs its metres"
        for name, places in (("points", points), ("metres", metres)):
            if len(set(places)) < len(places):
                return f"{name}: one is there twice"
            if is_in_line(places):
                return f"{name}: three of the first four are in line; take corners of an area"
        try:
            self._road()
        except ValueError as error:
            return str(error)
        return ""

    def road(self) -> Road | None:
        """What turns places of the picture into metres; None where a radar measures."""
        return None if self.mqtt is not None else self._road()

    def _road(self) -> Road:
        heights: dict[str, Any] = {
            "plate_height_m": self.plate_height_m,
            "plate_height_error_m": self.plate_height_error_m,
            "camera_height_m": self.camera_height_m,
            "distance_error": self.distance_error,
        }
        if self.lines is not None and self.distance_m is not None:
            return road_of_lines(self.lines, self.distance_m, **heights)
        points: tuple[Point, ...] = self.points or ()
        return road_of(points, self.metres or (), **heights)
