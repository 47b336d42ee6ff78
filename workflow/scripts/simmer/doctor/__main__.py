"""python -m simmer.doctor RESULTS: what is whole, damaged or left over in a results folder."""

from simmer.doctor.command import main

if __name__ == "__main__":
    main()
