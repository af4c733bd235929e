"""The only package that talks to a Kubernetes API: connecting, reading, watching, and changing with an undo.

It exports nothing by itself: what connects takes a second to import, and most of what is here needs nothing of it.
"""
