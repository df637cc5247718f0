"""What the command sets for its whole process is taken back after each test: others run in the same one."""

import pytest
import structlog


@pytest.fixture(autouse=True)
def _log_as_before():
    yield
    structlog.reset_defaults()
