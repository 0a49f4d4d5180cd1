"""Training recipes that come with pdistill."""
