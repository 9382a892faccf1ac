"""Compute the embedded model: features, random field, convolutional network, and their file."""
