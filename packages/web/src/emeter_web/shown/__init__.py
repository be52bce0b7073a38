"""What pages show: plain values, put together of what the domain answers, ready for the templates."""
