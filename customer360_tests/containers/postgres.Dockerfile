# PostgreSQL from Debian's packages that starts as the official image does, where images cannot be pulled.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update && apt-get install -y --no-install-recommends postgresql && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/postgresql/*/bin/* /usr/local/bin/ \
    && mkdir -p /var/lib/postgresql/data && chown postgres: /var/lib/postgresql/data
ENV PGDATA=/var/lib/postgresql/data
USER postgres
VOLUME /var/lib/postgresql/data
COPY postgres.sh /usr/local/bin/serve
CMD ["sh", "/usr/local/bin/serve"]
