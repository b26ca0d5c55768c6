"""How the networks are trained: recipes, which load nothing heavy."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a detector is trained; together with the data, all that a repetition needs.

    `hours` limits the time and then overrides `epochs`; `plain_epochs` at the end are trained
    on whole pictures instead of mosaics of four; `rendered` scenes join the annotated pictures.
    `start` is an ONNX file of the same `model` to go on from (None: random weights);
    `multi_scale` lets the size of each batch vary by that share; so many pictures are
    repeated with drawn plates over their own (`planted`), with plates painted over (`erased`) and
    cut around a plate (`close_ups`); `bare` rendered scenes have no plates; `relabel` redraws and
    completes the annotations first.
    """

    model: str = "yolo26n"
    start: str | None = None
    size: int = 416
    multi_scale: float = 0.0
    batch: int = 16
    epochs: int = 40
    hours: float | None = None
    learning_rate: float = 0.0015
    plain_epochs: int = 8
    rendered: int = 800
    rendered_val: int = 100
    planted: int = 0
    erased: int = 0
    close_ups: int = 0
    bare: int = 0
    relabel: bool = False
    seed: int = 0
    bf16: bool = True


@dataclass(frozen=True, slots=True)
class CornerRecipe:
    """How the network is trained; together with the data, all that a repetition needs.

    `detector` is the ONNX file of the detector whose mistakes are learnt to be refused (None:
    the bundled one).
    """

    steps: int = 2500
    batch: int = 96
    learning_rate: float = 0.002
    rendered: int = 800
    rendered_val: int = 100
    width: int = 24
    detector: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ReaderRecipe:
    """How the reader is trained; together with the data, all that a repetition needs.

    The learning rate falls along a cosine over `steps`, or over `hours` where these are given.
    Of each batch, `real` is the share of annotated crops, `other` that of things that are no
    plates and `half` that of halves of plates; the rest is drawn. With `taught`, crops without
    a text are learnt from, too, where PP-OCR reads them with certainty (Hinton et al. 2015).
    `start` is an exported reader of the same `width` to go on from (None: random weights).
    """

    width: float = 0.8
    batch: int = 128
    steps: int = 24000
    hours: float | None = None
    learning_rate: float = 0.003
    real: float = 0.5
    other: float = 0.08
    half: float = 0.06
    taught: bool = True
    start: str | None = None
    seed: int = 0
