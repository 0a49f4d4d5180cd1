"""Losses that come with pdistill."""
