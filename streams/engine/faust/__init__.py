"""The worker's Faust app. No other package imports faust or mode."""
