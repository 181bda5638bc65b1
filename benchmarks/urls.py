from django.urls import path

from benchmarks.bare import views
from config.urls import urlpatterns as of_the_product

urlpatterns = [
    path("bare/plain/<int:milestone_id>/", views.plain),
    path("bare/lean/<int:milestone_id>/", views.lean),
    *of_the_product,
]
