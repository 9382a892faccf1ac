"""The Faust app of this environment, for `faust -A streams.app worker`. `rasd worker` runs the same with restarts."""

from streams.engine.faust.worker import create_worker
from streams.observability.logs import configure_logging
from streams.settings import get_settings

configure_logging(get_settings())
app = create_worker(get_settings())
