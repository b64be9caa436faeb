"""Where feeds are published: each kind of place, and how a file is put there whole or not at all."""
