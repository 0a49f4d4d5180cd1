"""Students that come with pdistill."""
