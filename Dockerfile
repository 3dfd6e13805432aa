FROM python:3.11-slim-bookworm AS build
RUN python3 -m venv /opt/vive-sync
ENV PATH=/opt/vive-sync/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock .
RUN pip install --quiet --require-hashes -r requirements.lock
COPY . .
RUN pip install --quiet --no-deps .

FROM python:3.11-slim-bookworm
# A new volume takes its owner from the folder that it is mounted over.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/vive-sync vive-sync \
 && install --directory --owner=10001 --mode=700 /run/vive-sync/credentials
COPY --from=build /opt/vive-sync /opt/vive-sync
ENV PATH=/opt/vive-sync/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/vive-sync
CMD ["vive-sync", "--help"]
