"""What the commands do, one module a command or a pair that belongs together. Each returns its exit code."""
