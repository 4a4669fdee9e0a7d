"""HTTP to servers on this machine: no certificates are read for it, which takes longer than most of what is asked."""

from __future__ import annotations

import ssl
from functools import partial

import httpx

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, verify=PLAIN, trust_env=False)
post = partial(httpx.post, verify=PLAIN, trust_env=False)
Client = partial(httpx.Client, verify=PLAIN, trust_env=False)
