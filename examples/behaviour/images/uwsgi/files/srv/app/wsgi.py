import json
import os

import bottle
import uwsgi

from views import tools

app = bottle.Bottle()
bottle.TEMPLATE_PATH = ['/srv/app/views']


@app.get('/')
def index():
    return bottle.template('index', name=bottle.request.query.name or 'nobody', setting=os.environ['APP_SETTING'])


@app.get('/tools/<name>')
def tool(name):
    return json.dumps(getattr(tools, name)())


@app.get('/cache')
def cache():
    return str([uwsgi.worker_id() > 0, uwsgi.version.decode().split('.')[0], os.path.isdir('/tmp/prepared')])


@app.get('/spool')
def spool():
    uwsgi.spool({b'word': b'later'})
    return 'spooled'


application = app
