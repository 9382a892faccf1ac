"""Dates named in a text, and the calendars they are given in."""
