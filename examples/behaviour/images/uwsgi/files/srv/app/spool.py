import uwsgi


def work(arguments):
    open("/tmp/spooled", "w").write(arguments[b"word"].decode())
    return uwsgi.SPOOL_OK


uwsgi.spooler = work
