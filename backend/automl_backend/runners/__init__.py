"""Homes of trainers."""
