"""The search: space, study, suggestion, halving, and what a smaller scale hands over."""
