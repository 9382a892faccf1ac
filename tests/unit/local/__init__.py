"""Tests of the native stack without its servers."""
