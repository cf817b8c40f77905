# One image for the Dagster webserver, daemon and code location; the lake is a volume or an abfss:// URL.
FROM python:3.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/customer360
COPY requirements.lock pyproject.toml README.md LICENSE Makefile dagster.yaml workspace.yaml ./
COPY customer360 customer360
COPY customer360_dbt customer360_dbt
RUN make setup
ENV PATH=/opt/customer360/.venv/bin:$PATH TZ=UTC DAGSTER_HOME=/var/lib/customer360/dagster \
    DAGSTER_EVENT_BATCH_SIZE=1000 C360_ENV=server C360_LAKE=/var/lib/customer360/lake
VOLUME /var/lib/customer360
EXPOSE 3000
ENTRYPOINT ["/opt/customer360/.venv/bin/python", "-m", "customer360.commands.prepare", "--then"]
CMD ["dagster", "dev", "-h", "0.0.0.0", "-p", "3000"]
