"""Live pages: they hear of what is new within a second or two, and hold no thread of the server."""
