# Azurite from npm, with the same command as Microsoft's image, where images cannot be pulled.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/* \
    && npm install --global --no-audit --no-fund azurite@3.37.0 \
    && mkdir /data && chown nobody: /data
USER nobody
VOLUME /data
CMD ["azurite-blob", "--blobHost", "0.0.0.0", "--location", "/data"]
