from flask import Flask, jsonify, render_template_string

app = Flask(__name__)


@app.get("/")
def page():
    return render_template_string("<p>{{ words | join(' ') }}</p>", words=["a", "page"])


@app.get("/lazy")
def lazy():
    import sqlite3
    import zoneinfo
    from datetime import datetime

    database = sqlite3.connect(":memory:")
    answer = database.execute("select 6 * 7").fetchone()[0]
    moment = datetime.fromtimestamp(1750500000, zoneinfo.ZoneInfo("Asia/Tokyo"))
    return jsonify(answer=answer, moment=moment.isoformat())


@app.get("/more")
def more():
    import bz2
    import ctypes
    import hashlib
    import importlib.metadata
    import lzma
    import pwd
    import ssl
    import unicodedata
    import uuid

    return jsonify(
        bz2=len(bz2.compress(b"x" * 999)), lzma=len(lzma.compress(b"x" * 999)), digest=hashlib.sha256(b"slim").hexdigest(),
        tls=ssl.OPENSSL_VERSION, name=unicodedata.name("ü"), user=pwd.getpwuid(33).pw_name, flask=importlib.metadata.version("flask"),
        trusts=ssl.create_default_context().cert_store_stats()["x509_ca"] > 100, folder=ssl.get_default_verify_paths().capath,
        id=str(uuid.uuid5(uuid.NAMESPACE_DNS, "example.org")), size=ctypes.sizeof(ctypes.c_long), text="grüße".encode("shift_jis", "replace").hex(),
    )
