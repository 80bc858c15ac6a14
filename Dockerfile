# The prediction service (docs/serve.md) for CPUs. Build in a checkout: docker build -t vitruv .
FROM python:3.11-slim

WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY src ./src
RUN pip install --no-cache-dir -c constraints.txt '.[serve]' && rm -rf /build

RUN useradd --system --no-create-home vitruv
USER vitruv
WORKDIR /
EXPOSE 8643
HEALTHCHECK --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8643/v1/healthz')"]
# A service that others can reach needs tokens: mount a file with one per line.
ENTRYPOINT ["vitruv", "serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/tokens"]
