"""A rule for the import map that import-linter has no contract for: a room imports nothing but what is listed."""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyContract(Contract):
    """`source` and all below it import the standard library, themselves and `allowed` (packages count whole) alone.

    With `third_party` installed packages are allowed too.
    """

    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField())
    third_party = fields.BooleanField(required=False, default=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        source = str(self.source)
        found = [
            f"{module} imports {imported}"
            for module in sorted({source} | graph.find_descendants(source))
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if not self._is_allowed(imported)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["found"]:
            output.print_error(line, bold=False)

    def _is_allowed(self, imported: str) -> bool:
        root = imported.partition(".")[0]
        if root not in self.session_options["root_packages"]:
            return bool(self.third_party) or root in sys.stdlib_module_names
        listed = [str(self.source), *(str(name) for name in self.allowed)]
        return any(imported == name or imported.startswith(f"{name}.") for name in listed)
