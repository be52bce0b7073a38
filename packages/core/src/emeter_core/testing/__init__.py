"""Tools for those who work on E-Meter."""
