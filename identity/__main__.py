"""Run the command line: `python -m identity`."""

from identity.cli import main

if __name__ == "__main__":
    main()
