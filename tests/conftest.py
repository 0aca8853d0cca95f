"""What all tests share. Hypothesis times no example: how long one takes is no matter of right or wrong."""

from hypothesis import settings

pytest_plugins = [
    "tests.support.alertmanager",
    "tests.support.kafka",
    "tests.support.secured_kafka",
    "tests.support.postgres",
    "tests.support.proxy",
    "tests.support.read_models",
    "tests.support.apis",
    "tests.support.chromium",
]

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")
