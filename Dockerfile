# Guanlan in a container: Python, the package with what a cluster needs, and a user without rights. No torch, no compiler.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md guanlan.py ./
COPY alerts alerts
COPY api api
COPY configs configs
COPY crawlers crawlers
COPY models models
COPY stream stream
RUN python -m venv /opt/guanlan && /opt/guanlan/bin/pip install --no-cache-dir --disable-pip-version-check '.[cluster]'

FROM python:3.12-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/guanlan guanlan
COPY --from=build /opt/guanlan /opt/guanlan
COPY configs/*.toml /etc/guanlan/
ENV PATH=/opt/guanlan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GUANLAN_CONFIG=/etc/guanlan/guanlan.toml \
    GUANLAN_DATA=/var/lib/guanlan/data \
    MPLCONFIGDIR=/tmp/matplotlib
USER 10001
WORKDIR /var/lib/guanlan
VOLUME /var/lib/guanlan
EXPOSE 8000
# answers 200 while log, store and book work; compose.yaml switches it off for containers that serve nothing
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/api/health', timeout=8)"]
CMD ["guanlan", "run"]
