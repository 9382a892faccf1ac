"""The `rasd` command."""

from streams.installation import check_packages

# Before the modules of this package are imported, which fail in many ways where one of these is another project's.
check_packages("streams", "agents", "deploy")
