"""What the platform costs on AWS: a training, a month of nothing, a million predictions."""
