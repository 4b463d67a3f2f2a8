"""Parses and prints each body with the generated types: check.py FOLDER_OF_THE_CLIENT SAMPLES."""

import json
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
import doorstep_client  # noqa: E402

bodies = json.loads(Path(sys.argv[2]).read_text())
printed = [json.loads(getattr(doorstep_client, name).from_dict(body).to_json()) for name, body in bodies]
print(json.dumps(printed))
