# A worker of Python as people deploy it: a virtual environment by pip, tasks named by text, libraries with modules in C, fonts.
packages="python3 python3-venv fonts-dejavu-core ca-certificates"
bars="320 215"
config='{"Entrypoint":["/app/docker-entrypoint.sh"],"Cmd":["worker"],"Healthcheck":{"Test":["CMD-SHELL","celery -A tasks inspect ping"]},"Env":["PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","PYTHONUNBUFFERED=1","VIRTUAL_ENV=/opt/venv","C_FORCE_ROOT="],"WorkingDir":"/app","User":"worker"}'
application() {
  python3 -m pip download --quiet --only-binary=:all: --python-version 3.11 --implementation cp --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux_2_28_x86_64 \
    --dest "$folder/making/wheels" --requirement "$description/files/app/requirements.txt" >&2
  as_root mkdir "$root/wheels"
  as_root cp -r "$folder/making/wheels/." "$root/wheels/"
  in_root "$root" sh -c 'chmod 755 /app/docker-entrypoint.sh && useradd --system --home-dir /app worker && python3 -m venv /opt/venv &&
    /opt/venv/bin/pip install --quiet --no-index --find-links /wheels --requirement /app/requirements.txt && rm -rf /wheels /root/.cache' >&2
}
