"""Who may do what: the dependencies that routes name."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request

from streamer.web.problems import Problem

Role = Literal["viewer", "operator"]


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. A viewer may look, an operator may change things."""

    name: str
    role: Role


OPEN = User("local", "operator")
"""Whoever sits at the box itself, where the configuration names no users."""


def _viewer(request: Request) -> User:
    user: User | None = getattr(request.state, "user", None)
    if user is None:
        raise Problem(401, "log in, or send a token", headers={"WWW-Authenticate": "Bearer"})
    return user


def _operator(user: Annotated[User, Depends(_viewer)]) -> User:
    if user.role != "operator":
        raise Problem(403, f"{user.name} may look, but not change anything: that is for operators")
    return user


Viewer = Annotated[User, Depends(_viewer)]
Operator = Annotated[User, Depends(_operator)]
