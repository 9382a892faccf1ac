"""Deployment: the native stack, the demo, and the files for Docker, Kubernetes and monitoring."""

__distribution__ = "rasd"  # streams.installation looks for this line
