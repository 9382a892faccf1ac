"""The Faust app of this environment, for `faust -A streams.app worker`. `rasd worker` runs the same with restarts."""

from streams.installation import check_packages

check_packages("streams", "agents")  # before the imports that fail where one of them is another project's

from streams.engine.faust.worker import create_worker  # noqa: E402
from streams.observability.logs import configure_logging  # noqa: E402
from streams.settings import get_settings  # noqa: E402

configure_logging(get_settings())
app = create_worker(get_settings())
