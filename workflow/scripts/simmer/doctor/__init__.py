"""Check a results folder: what is whole, damaged or left over, and what restores it."""
