# Two images. `docker build .` makes a whole simulator, RabbitMQ included; `docker build --target apart .` is for processes
# apart, workers and console, with a RabbitMQ elsewhere. The first stage makes wheels and installs them; the images hold
# Python, the packages and nothing that made them: no compiler, no pip cache, no tests, no root.
FROM python:3.13-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
RUN python -m venv --without-pip /opt/peering

# What changes seldom comes first: an edit of the source builds its own wheel anew and nothing else.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
      print(*project['dependencies'], *project['optional-dependencies']['server'], sep='\n')" > requirements.txt \
 && pip wheel --quiet --wheel-dir wheels --constraint constraints.txt --requirement requirements.txt \
 && pip --python /opt/peering/bin/python install --quiet --no-index --find-links wheels --requirement requirements.txt

COPY LICENSE ./
COPY initiator initiator
COPY acceptor acceptor
COPY shared shared
COPY console console
COPY peering_handshake peering_handshake
# The last line is for `python -m initiator`: here, other than in an installation, all Python belongs to the programs.
RUN pip wheel --quiet --no-deps --wheel-dir own . \
 && pip --python /opt/peering/bin/python install --quiet --no-index --no-deps own/*.whl \
 && /opt/peering/bin/python -P -c "import sysconfig, peering_handshake.__main__ as launcher; \
      open(sysconfig.get_path('purelib') + '/programs.pth', 'w').write(str(launcher.PROGRAMS))"

FROM python:3.13-slim AS place
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin peering \
 && install -d -o peering -g peering -m 700 /var/lib/peering
ENV PATH=/opt/peering/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1
WORKDIR /var/lib/peering

FROM place AS apart
COPY --from=packages /opt/peering /opt/peering
USER 10001:10001
VOLUME /var/lib/peering
# `python -m initiator …`, `python -m acceptor …` or `peering …`
CMD ["peering", "--help"]

# RabbitMQ is Debian's. Its package would start it as a service, which policy-rc.d forbids.
FROM place AS everything
RUN printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d \
 && apt-get update -qq -o Acquire::Retries=5 \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Acquire::Retries=5 rabbitmq-server \
 && rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d \
 && mkdir -p /etc/peering/scenarios
COPY docker/everything.yaml /etc/peering/topology.yaml
COPY --from=packages /opt/peering /opt/peering
USER 10001:10001
VOLUME /var/lib/peering
EXPOSE 8080
# Healthy means that every worker answers and that every scenario of /etc/peering/scenarios was played.
HEALTHCHECK --interval=3s --timeout=30s --start-period=120s --retries=3 CMD ["python", "-c", "\
from urllib.request import Request, urlopen; \
token = open('/var/lib/peering/token').read().strip(); \
urlopen(Request('http://127.0.0.1:8080/_peering/ready', headers={'Authorization': f'Bearer {token}'}))"]
CMD ["peering", "up", "/etc/peering/topology.yaml", "--folder", "/var/lib/peering", "--listen", "0.0.0.0:8080", \
     "--scenarios", "/etc/peering/scenarios"]
