# One image for event-processor, sensor-fleet and local_aws. docs/containers.md says what is in it and how to run it.
# With what the other jobs need:  --target pipeline
# A release build pins the base: --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:...
# With OpenTelemetry:            --build-arg REQUIREMENTS=requirements-otel.lock
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ARG REQUIREMENTS=requirements.lock
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_CACHE_DIR=/var/cache/pip
RUN python -m venv --without-pip /opt/event-processor
COPY requirements-build.lock ${REQUIREMENTS} /src/
RUN --mount=type=cache,target=/var/cache/pip \
    pip install --quiet --require-hashes --no-deps -r /src/requirements-build.lock \
 && pip --python /opt/event-processor/bin/python install --quiet --no-compile --require-hashes --no-deps \
      -r /src/${REQUIREMENTS}
COPY pyproject.toml README.md LICENSE /src/
COPY event_processor /src/event_processor
COPY sensor_fleet /src/sensor_fleet
COPY local_aws /src/local_aws
RUN pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels /src \
 && pip --python /opt/event-processor/bin/python install --quiet --no-compile --no-deps /wheels/*.whl \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/event-processor/lib

FROM build AS build-pipeline
COPY requirements-pipeline.lock /src/
RUN --mount=type=cache,target=/var/cache/pip \
    pip --python /opt/event-processor/bin/python install --quiet --no-compile --require-hashes --no-deps \
      -r /src/requirements-pipeline.lock \
 && python -m compileall -q --invalidation-mode unchecked-hash /opt/event-processor/lib

FROM ${PYTHON_IMAGE} AS bare
ENV PATH=/opt/event-processor/bin:$PATH PYTHONUNBUFFERED=1 METRICS_HOST=0.0.0.0
RUN PYTHONDONTWRITEBYTECODE=1 pip uninstall --quiet --yes --root-user-action=ignore pip \
 && install --directory --owner=10001 --group=10001 /data
WORKDIR /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=10s --start-period=30s --retries=6 \
    CMD exec python -m event_processor.entrypoints.healthcheck "$METRICS_PORT"
ENTRYPOINT ["event-processor"]

ARG VERSION=1.0.0
ARG SOURCE
LABEL org.opencontainers.image.title="event-processor" \
      org.opencontainers.image.description="SQS to Kinesis: every event its own record, strictly in order, nothing lost" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.source="${SOURCE}"

# The base has no bytecode of the standard library. What these imports leave is of use to every start and every health
# check, which on a read-only disk could not keep it.
FROM bare AS pipeline
COPY --from=build-pipeline /opt/event-processor /opt/event-processor
RUN python -c "import event_processor.gateway.serving, event_processor.entrypoints.healthcheck" \
 && python -c "from event_processor.commands import deliver, gateway, inspect, main, monitor"
USER 10001:10001
ENV METRICS_PORT=8001
EXPOSE 8001 8080
CMD ["gateway"]

FROM bare AS processor
COPY --from=build /opt/event-processor /opt/event-processor
RUN python -c "import event_processor.entrypoints.healthcheck, sensor_fleet.cli, local_aws.__main__" \
 && python -c "from event_processor.commands import main, run"
USER 10001:10001
ENV METRICS_PORT=8000
EXPOSE 8000
CMD ["run"]
