"""Hours at half load: whether memory, file handles or threads of a worker grow."""
