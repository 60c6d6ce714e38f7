"""For all tests."""

import rpckit  # noqa: F401 - importlib mode would otherwise take the folder rpckit/ for the package inside it
