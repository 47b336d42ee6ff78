"""The evidence report as figures, each of which says in its title what to conclude."""
