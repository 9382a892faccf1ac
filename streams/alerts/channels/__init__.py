"""The channels by which alerts reach their targets."""
