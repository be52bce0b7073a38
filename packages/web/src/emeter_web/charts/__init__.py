"""Charts: pure functions from figures to SVG paths and to the words that say the same."""
