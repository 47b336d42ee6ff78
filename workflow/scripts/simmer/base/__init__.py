"""What every part uses: errors, files, locks, logs, seeds, names, checks."""
