"""python -m simmer.status RESULTS: how a campaign stands, on one screen."""

from simmer.status.command import main

if __name__ == "__main__":
    main()
