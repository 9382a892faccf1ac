"""What runs Rasd: the native stack, and the files for Docker, Kubernetes and the monitoring."""
