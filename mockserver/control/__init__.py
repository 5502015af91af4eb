"""The control plane: what a provider's settings pages and the passing of time do, as an API under /_mock."""

#: Where the control plane is.
PREFIX = "/_mock"
