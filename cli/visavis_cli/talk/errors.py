"""What ends a talk early. The message is one line for the person who typed the command."""


class TalkError(Exception):
    """The call, or something it needs, failed."""
