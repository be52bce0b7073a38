"""What the tests across packages share: the real thing, targets that misbehave, accounts of slots."""
