"""Samplers that come with pdistill."""
