"""The Faust app for `faust -A streams.app worker`. `rasd worker` runs the same app, and restarts it after a crash."""

from streams.installation import check_packages

check_packages("streams", "agents")  # first: the imports below fail if a package is another project's

from streams.engine.faust.worker import create_worker  # noqa: E402
from streams.observability.logs import configure_logging  # noqa: E402
from streams.settings import get_settings  # noqa: E402

configure_logging(get_settings())
app = create_worker(get_settings())
