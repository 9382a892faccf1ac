"""What runs Rasd: the native stack, and the files for Docker, Kubernetes and the monitoring."""

__distribution__ = "rasd"  # streams.installation looks for this line
