"""Find the dates that a text names, in several calendars."""
