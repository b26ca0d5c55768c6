"""Programs that tests talk to."""

import os
import shutil

import pytest


def require_tool(name):
    """The path of a program; without it the test is skipped, or fails where all must be there."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if path is None:
        reason = f"{name} is not installed (see tests/install_tools.sh)"
        if os.environ.get("PLATE_STREAMER_REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
