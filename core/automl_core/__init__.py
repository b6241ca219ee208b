"""What the API, the trainer and the command line share."""

__version__ = "0.1.0"
