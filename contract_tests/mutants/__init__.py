"""Broken mocks that the suite has to notice, and harmless ones that it has to accept.

A mutant breaks one rule, as an OpenAPI Overlay of the contract that the mock loads, or as a sabotaged part of the mock put in
from outside. The suite, which reads the contract as it stands, must find that very rule violated. A harmless variant differs in
what the documents leave open; no rule of level `standard` or stronger may be violated on it.

The systematic operator perturbs every leaf of the policies; what no rule notices is listed in `equivalent.yaml`, with why.
"""
