"""What a deployment needs of processors, memory and disk."""
