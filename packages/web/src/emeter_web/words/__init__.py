"""What the pages say: sentences made of plain values."""
