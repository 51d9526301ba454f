"""What Schemathesis sends as a container: a real one, or nonsense."""

import os
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

REAL = Path(os.environ["CAREPLAN_CONTAINER"]).read_bytes()
CONTAINER = st.one_of(st.just(REAL), st.binary(max_size=200))

schemathesis.openapi.media_type("application/vnd.etsi.asic-e+zip", CONTAINER)
schemathesis.openapi.media_type("application/pkcs7-mime", st.binary(max_size=200))
