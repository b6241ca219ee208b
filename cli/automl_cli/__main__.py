"""Entry point of the ``automl`` command."""


def main() -> None:
    """Run the command line."""
    from automl_cli.app import app

    app()


if __name__ == "__main__":
    main()
