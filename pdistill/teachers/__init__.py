"""Teachers that come with pdistill."""
