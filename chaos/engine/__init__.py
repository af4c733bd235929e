"""Runs an experiment: preflight, deploy, measure, inject, undo, judge."""
