"""The ids of a trace: made from the event's id alone, so that whoever knows the event, after a
restart too, or on the other side of a sink, knows its trace."""

import uuid

SHARE_BITS = 56
LOW_64 = (1 << 64) - 1


def trace_id(event_id: str) -> int:
    """The 128 bits of the event's UUID are the trace id."""
    return uuid.UUID(event_id).int


def root_id(event_id: str) -> int:
    """The span id of the trace's root: the last 64 bits of it, which are never all 0 in a UUID."""
    return trace_id(event_id) & LOW_64


def is_sampled(event_id: str, share: float) -> bool:
    """Whether the trace belongs to the `share` (0..1) that is kept.

    As W3C Trace Context (level 2) has it: the last 56 bits are random, in a UUIDv7 too, and
    everybody who decides by them decides alike.
    """
    return trace_id(event_id) % (1 << SHARE_BITS) < share * (1 << SHARE_BITS)
