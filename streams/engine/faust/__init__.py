"""The Faust app of a worker. The only package that imports faust and mode."""
