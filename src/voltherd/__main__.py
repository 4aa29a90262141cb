"""`python -m voltherd` is the command `voltherd`."""

from voltherd.cli.main import main

if __name__ == "__main__":
    main()
