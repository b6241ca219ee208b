"""The training pipeline and its container entry point."""
