# The mock, in a small image that runs as nobody. Build: docker build -t latchkey .
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY latchkey latchkey
COPY mockserver mockserver
COPY contract_tests contract_tests
COPY spec spec
COPY fixtures fixtures
RUN python -m venv /opt/latchkey && /opt/latchkey/bin/pip install --no-cache-dir '.[tls,protocols]'

FROM python:3.13-slim
COPY --from=build /opt/latchkey /opt/latchkey
ENV PATH=/opt/latchkey/bin:$PATH PYTHONUNBUFFERED=1
USER 65534:65534
EXPOSE 8080
# Ctrl-C is the clean way to end it.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/openapi.json', timeout=2)"]
# Not loopback, so the control plane wants a token: set MOCKSERVER_TOKEN.
ENTRYPOINT ["mockserver", "--host", "0.0.0.0"]
