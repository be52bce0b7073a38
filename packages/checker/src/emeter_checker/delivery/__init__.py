"""Delivery: one message handed to one receiver, or a `DeliveryError` that says why not."""
