"""What is wrong with a template."""


class TemplateError(ValueError):
    """A text that Go cannot expand, in words close to Go's."""
