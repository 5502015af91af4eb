"""The ASGI layers around the checks: record, stamp, and, innermost, answer."""
