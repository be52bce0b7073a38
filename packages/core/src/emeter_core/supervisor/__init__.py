"""The supervisor behind `emeter up`, and what every process that it runs has in common."""
