"""Everything on one machine: the Procfile runner, the embedded servers and the demo. Imports core.config only."""
