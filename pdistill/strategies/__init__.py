"""Tournament strategies that come with pdistill."""
