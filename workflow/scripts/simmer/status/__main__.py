"""python -m simmer.status RESULTS: the state of a campaign on one screen."""

from simmer.status.command import main

if __name__ == "__main__":
    main()
