"""The lab: a real Envoy mesh of two clusters on loopback, broken on purpose, with the truth recorded.

`python -m tests.lab list` names the scenarios; `python -m tests.lab run crash --out DIR` records one.
Everything listens on 127.1.x (cluster1) and 127.2.x (cluster2) only; clients come from 127.9.x.
"""
