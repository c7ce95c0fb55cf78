"""Pictures of the documentation, each drawn by a real browser of what the real engine has written down.

`make pictures` draws them again. Each carries the sum of the text that it was drawn of, so that a test without a
browser sees when it tells of something that is no longer so.
"""
