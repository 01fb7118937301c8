packages="python3 python3-venv"
bars="58 38" # By file, interpreter, standard library and what both are linked against weigh 31.
config='{"Entrypoint":["/app/venv/bin/gunicorn"],"Cmd":["--bind","127.0.0.1:18084","--chdir","/app","site_app:app"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"WorkingDir":"/app","User":"www-data"}'
application() {
  # The wheels come through this machine's own client; in the image they are installed by the image's.
  as_root mkdir "$root/wheels"
  python3 -m pip download --quiet --only-binary=:all: --python-version 3.11 --implementation cp --platform manylinux2014_x86_64 --platform "manylinux2014_$(uname -m)" \
    --dest "$folder/making/wheels" flask==3.0.3 gunicorn==22.0.0 >&2
  as_root cp -r "$folder/making/wheels/." "$root/wheels/"
  in_root "$root" sh -c 'python3 -m venv /app/venv && /app/venv/bin/pip install --quiet --no-index --find-links /wheels flask gunicorn && rm -rf /wheels /root/.cache' >&2
}
