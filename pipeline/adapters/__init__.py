"""Stronger networks that people bring, behind the same protocols as the shipped parts (pipeline/parts.py).

Each file reads one kind of network, named in weights/manifest.toml; docs/networks.md says how to bring one.
"""
