import subprocess


def yaml():
    import yaml
    return yaml.safe_load('a: [1, {b: c}]')


def sqlite():
    import sqlite3
    return sqlite3.connect(':memory:').execute('select upper(?)', ('ab',)).fetchone()


def hashes():
    import hashlib
    return [hashlib.new(name, b'slim').hexdigest()[:8] for name in ('md5', 'sha3_256', 'blake2b', 'ripemd160')]


def child():
    return subprocess.run(['sort', '-r'], input='a\nb\n', capture_output=True, text=True).stdout


def zone():
    import datetime
    import zoneinfo
    return datetime.datetime(2025, 6, 21, 12, tzinfo=zoneinfo.ZoneInfo('America/New_York')).isoformat()


def pool():
    from concurrent.futures import ThreadPoolExecutor
    return list(ThreadPoolExecutor(2).map(str, range(3)))
