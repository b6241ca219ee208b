"""Use cases; they know neither web framework nor cloud.

Their classes are frozen, and neither compared nor printed (``eq=False, repr=False``): making a
class takes half as long without, and a Lambda function makes all of them at its start.
"""
