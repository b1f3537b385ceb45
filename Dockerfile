# One image for workers and console. The first stage makes wheels and installs them; the second holds Python, the
# packages and nothing that made them: no compiler, no pip cache, no tests, no root.
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

FROM python:3.13-slim
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin peering \
 && install -d -o peering -g peering -m 700 /var/lib/peering
COPY --from=packages /opt/peering /opt/peering
ENV PATH=/opt/peering/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1
USER 10001:10001
WORKDIR /var/lib/peering
VOLUME /var/lib/peering
# `python -m initiator …`, `python -m acceptor …` or `peering …`
CMD ["peering", "--help"]
