"""``python -m cli`` is ``vive-sync``."""

from cli.main import main

if __name__ == "__main__":
    main()
