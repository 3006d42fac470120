"""The demo: a small real repository, four scripted workstreams and the story that they play.

Kept empty so that the demo agent, a program of its own, starts without loading anything else.
"""
