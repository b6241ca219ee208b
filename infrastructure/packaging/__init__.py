"""Builds the packages of the Lambda functions: ``python3.13 -m infrastructure.packaging``."""
