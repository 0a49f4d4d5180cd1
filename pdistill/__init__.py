"""pdistill: distil the taste of a vision-language model into a search engine for product pictures."""

__version__ = "0.1.0"
