"""Entry points of the AWS Lambda functions, each with ``handler(event, context)``."""
