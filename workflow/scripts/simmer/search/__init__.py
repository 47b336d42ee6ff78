"""The search: space, study, suggestions, successive halving, and transfer between scales."""
