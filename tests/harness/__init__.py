"""What the tests across packages share: the real thing, targets that misbehave on demand, and accounts of slots."""
