from tests.api.routes import Route, all_routes


def route(name: str) -> Route:
    return {route.name: route for route in all_routes("tests.api.probes")}[name]


def test_a_viewsets_routes_are_found_with_their_arguments_and_methods() -> None:
    detail_route = route("probe-detail")

    assert (detail_route.key, detail_route.arguments, detail_route.is_api) == (
        "probe",
        ("pk",),
        True,
    )
    assert set(detail_route.methods) == {"get", "put", "patch", "delete"}
    assert route("probe-credentials").methods == {"post": "credentials"}


def test_a_plain_view_is_known_by_its_name() -> None:
    effect = route("effect")

    assert (effect.key, effect.arguments, set(effect.methods)) == ("effect", (), {"post"})


def test_what_is_no_api_view_is_seen_as_such() -> None:
    assert not route("broken").is_api


def test_included_and_namespaced_routes_are_found() -> None:
    names = {route.name for route in all_routes()}

    assert {"token", "me", "admin:index"} <= names
