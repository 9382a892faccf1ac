"""Where raw articles come from."""
