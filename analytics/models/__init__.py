"""Models: options in the constructor, a panel in `fit`, answers in the result."""
