"""The project's routes, and a route to a view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from config import urls


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    request.read()
    return HttpResponse("OK", content_type="text/plain")


urlpatterns = [path("nothing/", nothing), path("", include(urls))]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
