"""The rule of the import map that is ours."""

from grimp import ImportGraph

from tests.support.import_rules import OnlyContract


def kept(imported: str, *, third_party: bool = False) -> bool:
    """Whether core.domain.grid may import `imported` when core.domain is allowed core.errors only."""
    graph = ImportGraph()
    for module in ("core", "core.domain", "core.domain.grid", imported):
        graph.add_module(module)
    graph.add_import(importer="core.domain.grid", imported=imported)
    session = {"root_packages": ["core", "web"]}
    options = {"source": "core.domain", "allowed": ["core.errors"], "third_party": str(third_party)}
    return OnlyContract("the domain", session, options).check(graph, verbose=False).kept


def test_the_room_itself_what_is_listed_and_the_standard_library_pass() -> None:
    assert all(map(kept, ("core.domain.order", "core.errors", "decimal")))


def test_another_room_and_an_installed_package_do_not() -> None:
    assert not any(map(kept, ("core.clock", "web", "sqlalchemy")))


def test_a_name_that_only_begins_like_a_listed_one_does_not_pass() -> None:
    assert not kept("core.errors_of_others")


def test_installed_packages_pass_where_the_rule_says_so_other_rooms_never() -> None:
    assert kept("sqlalchemy", third_party=True)
    assert not kept("core.clock", third_party=True)
