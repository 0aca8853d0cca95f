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
