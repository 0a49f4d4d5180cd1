"""Persona generators that come with pdistill."""
