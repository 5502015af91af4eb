"""The control plane: what a provider's settings pages and the passing of time do, as an API under /_mock."""

from pathlib import Path

#: Where the control plane is.
PREFIX = "/_mock"
#: Its OpenAPI document.
DOCUMENT = Path(__file__).parent / "openapi.yaml"
