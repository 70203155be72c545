"""Where code comes from: one module behind each kind of source, listed in one table.

A source is named ``KIND:REST``, such as ``debian:hypre``, ``path:./src`` or ``git:https://host/repo@v1``.
"""
