"""What the pinned charts and registries themselves know, as data.

`python -m tests.contracts zot=VALUES.yaml …` writes `<chart>.json`, the keys of a chart's default values, without what
they hold.
`zot-config-schema.json` is what `zot schema` printed.
"""
