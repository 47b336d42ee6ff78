"""The training loop, optimizers, checkpoints and memory estimates."""
