# One image for everything of customer360: code location, Dagster's webserver and daemon, the Apache Spark server.
# A base with Python 3.11 to 3.13 and its venv module; any Debian or Ubuntu will do.
ARG BASE_IMAGE=python:3.11.14-slim-bookworm

FROM ${BASE_IMAGE} AS built
WORKDIR /opt/customer360
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
# Dependencies first: they change seldom, the code often.
COPY requirements.lock Makefile ./
RUN make dependencies
COPY pyproject.toml README.md LICENSE dagster.yaml workspace.yaml ./
COPY customer360 customer360
COPY customer360_dbt customer360_dbt
COPY adf adf
COPY docs docs
RUN make setup

FROM ${BASE_IMAGE} AS customer360
RUN useradd --uid 10001 --create-home --home-dir /var/lib/customer360 customer360 \
    && mkdir /var/lib/customer360/lake /var/lib/customer360/dagster && chown customer360: /var/lib/customer360/*
COPY --from=built /opt/customer360 /opt/customer360
# dbt writes its manifest beside the project.
RUN chown -R customer360: /opt/customer360/customer360_dbt
WORKDIR /opt/customer360
COPY deploy/workspace.yaml deploy/
ENV PATH=/opt/customer360/.venv/bin:$PATH TZ=UTC PYTHONUNBUFFERED=1 DAGSTER_DISABLE_TELEMETRY=yes \
    DAGSTER_HOME=/var/lib/customer360/dagster DAGSTER_EVENT_BATCH_SIZE=1000 \
    C360_ENV=server C360_LAKE=/var/lib/customer360/lake
USER customer360
VOLUME ["/var/lib/customer360/lake", "/var/lib/customer360/dagster"]
ENTRYPOINT ["python", "-m", "customer360.commands.prepare", "--then"]
CMD ["dagster", "dev", "-h", "0.0.0.0", "-p", "3000"]

# Source systems and a Data Factory to try the platform with: stand-ins of its tests, not part of it.
FROM customer360 AS sources
COPY customer360_tests customer360_tests
RUN mkdir /var/lib/customer360/sources
VOLUME /var/lib/customer360/sources
ENTRYPOINT ["python", "-m", "customer360_tests.source_systems.service"]

# Apache Spark with Delta behind Spark Connect; the jars are in the image.
FROM customer360 AS spark
USER root
RUN apt-get update && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/*
USER customer360
RUN python -m customer360.commands.spark_server --fetch
ENTRYPOINT ["python", "-m", "customer360.commands.spark_server"]
CMD ["--host", "0.0.0.0", "--port", "15002"]

FROM customer360
