import pytest

from simmer.thermal.limits import Limits


@pytest.fixture
def limits():
    return Limits(
        acceptable_c=70, setpoint_c=82, warning_c=85, critical_c=95, resume_c=78, confirm_readings=3
    )
