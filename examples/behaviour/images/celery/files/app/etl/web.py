from pathlib import Path

import lxml.html
import requests
from celery import shared_task
from celery.utils.log import get_task_logger
from jinja2 import Environment, FileSystemLoader
from lxml import etree

log = get_task_logger(__name__)


@shared_task
def links(url):
    response = requests.get(url, timeout=5)
    response.raise_for_status()
    document = lxml.html.fromstring(response.text)
    document.make_links_absolute(url)
    return [response.encoding, sorted(link for _, _, link, _ in document.iterlinks())]


@shared_task
def transform(xml):
    style = etree.XSLT(etree.parse(Path(__file__).parent.parent / 'templates' / 'style.xsl'))
    schema = etree.RelaxNG(etree.XML('<element name="words" xmlns="http://relaxng.org/ns/structure/1.0"><oneOrMore><element name="word"><text/></element></oneOrMore></element>'))
    document = etree.XML(xml)
    return [str(style(document)), schema.validate(document)]


@shared_task
def letter(name):
    return Environment(loader=FileSystemLoader('templates')).get_template('letter.txt').render(name=name)
