import base64
import hashlib
import io

from celery import shared_task
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'


@shared_task
def draw(text, kind, bold=False):
    image = Image.new('RGB', (200, 50), 'white')
    font = ImageFont.truetype('DejaVuSans-Bold.ttf' if bold else FONT, 24)
    ImageDraw.Draw(image).text((5, 5), text, font=font, fill='navy')
    image = image.filter(ImageFilter.SMOOTH).resize((100, 25), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, kind)
    again = Image.open(io.BytesIO(buffer.getvalue()))
    return [kind, again.format, again.size, hashlib.sha256(again.convert('RGB').tobytes()).hexdigest()[:16], Image.MIME[kind], base64.b64encode(buffer.getvalue()[:4]).decode()]
