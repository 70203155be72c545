"""Pre-training, fine-tuning, mutual supervision and release of small code models."""
