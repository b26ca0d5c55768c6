"""What tests of the REST API share."""

import pytest

from full_portal import full_portal


@pytest.fixture
def site(tmp_path):
    """A whole portal of one test's own (see `full_portal.FullPortal`)."""
    with full_portal(tmp_path) as site:
        yield site
