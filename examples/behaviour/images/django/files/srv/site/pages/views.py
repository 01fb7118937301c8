import datetime

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render

from .models import Page


def index(request):
    when = datetime.datetime(2025, 6, 21, 12, tzinfo=datetime.timezone.utc)
    Page.objects.get_or_create(title='Grüße', defaults={'written': when})
    return render(request, 'index.html', {'pages': Page.objects.order_by('title')})


def user(request):
    from django.contrib.auth.hashers import check_password, make_password
    return HttpResponse(str([check_password('a', make_password('a', hasher=name)) for name in ('scrypt', 'pbkdf2_sha256')]))


def data(request):
    from django.core import serializers
    return JsonResponse({'xml': serializers.serialize('xml', Page.objects.all()), 'json': serializers.serialize('json', Page.objects.all())})
