"""The network of our reader: convolutions, then attention over two rows of columns, then CTC.

A plate has one row of characters or two. So the network ends in 2 x 40 places, the upper row's
from left to right and then the lower row's, and CTC (Graves et al. 2006) reads them as one
sequence: a plate with two rows fills both, one with a single row whichever the network likes.
Which that is, and which of the lettering is the plate, only the whole picture tells; two
layers of attention (Vaswani et al. 2017) between all places see to that.

Beside each place's 37 classes it says whether this is a plate, and whether it is whole.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

CLASSES = 37
"""The blank, then `SIGNS`."""

PLACES = 80


def reader_network(width: float = 1.0) -> "nn.Module":
    """Input (n, 3, 64, 160); output logits (n, 80, 37) and (n, 2): a plate, a whole one."""
    import torch
    from torch import nn

    def wide(channels: int) -> int:
        return 8 * round(channels * width / 8)

    def conv(inner: int, outer: int, stride: int | tuple[int, int] = 1) -> nn.Module:
        return nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1, bias=False),
                             nn.BatchNorm2d(outer), nn.ReLU(inplace=True))  # fmt: skip

    class Residual(nn.Module):  # type: ignore[misc]
        """A narrow convolution beside its input; separable ones train three times as slowly."""

        def __init__(self, channels: int) -> None:
            super().__init__()
            self.within = nn.Sequential(
                conv(channels, channels // 2), nn.Conv2d(channels // 2, channels, 1, bias=False),
                nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
            )  # fmt: skip

        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            return x + self.within(x)

    class Attention(nn.Module):  # type: ignore[misc]
        """One layer: every place looks at every other, then thinks for itself."""

        def __init__(self, channels: int, heads: int = 4) -> None:
            super().__init__()
            self.heads = heads
            self.before, self.after = nn.LayerNorm(channels), nn.LayerNorm(channels)
            self.mixed = nn.Linear(channels, 3 * channels)
            self.joined = nn.Linear(channels, channels)
            self.thought = nn.Sequential(
                nn.Linear(channels, 2 * channels), nn.ReLU(), nn.Dropout(0.05),
                nn.Linear(2 * channels, channels),
            )  # fmt: skip

        def forward(self, x: "torch.Tensor") -> "torch.Tensor":
            n, places, channels = x.shape
            mixed = self.mixed(self.before(x)).view(n, places, 3, self.heads, -1)
            query, key, value = mixed.permute(2, 0, 3, 1, 4).unbind(0)
            score = query @ key.transpose(-1, -2) * (channels // self.heads) ** -0.5
            seen = (score.softmax(-1) @ value).transpose(1, 2).reshape(n, places, channels)
            x = x + self.joined(seen)
            return x + self.thought(self.after(x))

    class Network(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            a, b, c, d, e = wide(24), wide(48), wide(80), wide(112), wide(144)
            self.body = nn.Sequential(
                conv(3, a, 2), conv(a, b, 2), Residual(b),
                conv(b, c, (2, 1)), Residual(c), Residual(c),
                conv(c, d, (2, 1)), Residual(d),
                conv(d, e, (2, 1)),
            )  # fmt: skip
            self.place = nn.Parameter(torch.randn(PLACES, e) * 0.02)
            self.layers = nn.Sequential(Attention(e), Attention(e))
            self.last = nn.LayerNorm(e)
            self.signs = nn.Linear(e, CLASSES)
            self.kind = nn.Linear(2 * e, 2)

        def forward(self, x: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
            x = self.body(x).flatten(2).transpose(1, 2) + self.place
            x = self.last(self.layers(x))
            pooled = torch.cat([x.mean(1), x.amax(1)], dim=1)
            return self.signs(x), self.kind(pooled)

    return Network()
