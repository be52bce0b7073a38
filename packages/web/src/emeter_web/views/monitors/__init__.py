"""The pages of monitors, a module for each thing one does there."""
