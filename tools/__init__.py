"""What makes `./pulumiw` work on a machine that has little more than Python.

Standard library only, and no newer than Python 3.9: it runs before anything is installed.
"""
